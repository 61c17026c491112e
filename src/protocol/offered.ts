import { CIBA_GRANT, DEVICE_CODE_GRANT, TOKEN_EXCHANGE_GRANT } from '../upstream/grant-types.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';

/** What our discovery document says beside what the proxy can do by itself. */
export interface Offered {
  readonly grantTypes: readonly string[];
  readonly members: Readonly<Record<string, unknown>>;
}

/** While nothing is known of the upstream, nothing that needs it is promised. */
export const NOTHING_OFFERED: Offered = { grantTypes: [], members: {} };

/** What can be offered because the upstream has it too. */
export function offeredThrough(metadata: UpstreamMetadata, issuer: string): Offered {
  const { reached, grant_types_supported: grants } = metadata;
  const device = reached.device_authorization_endpoint !== undefined;
  const ciba =
    reached.backchannel_authentication_endpoint !== undefined &&
    metadata.backchannel_token_delivery_modes_supported.includes('poll');
  return {
    grantTypes: [
      ...(device ? [DEVICE_CODE_GRANT] : []),
      ...(ciba ? [CIBA_GRANT] : []),
      ...(grants.includes(TOKEN_EXCHANGE_GRANT) ? [TOKEN_EXCHANGE_GRANT] : []),
    ],
    members: {
      ...(reached.end_session_endpoint !== undefined && {
        end_session_endpoint: `${issuer}/oidc/logout`,
      }),
      ...(metadata.frontchannel_logout_supported && {
        frontchannel_logout_supported: true,
        frontchannel_logout_session_supported: true,
      }),
      ...(metadata.backchannel_logout_supported && {
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
      }),
      ...(device && { device_authorization_endpoint: `${issuer}/oidc/device` }),
      ...(ciba && {
        backchannel_authentication_endpoint: `${issuer}/oidc/ciba`,
        backchannel_token_delivery_modes_supported: ['poll'],
        backchannel_user_code_parameter_supported: false,
      }),
    },
  };
}
