import { CIBA_GRANT, DEVICE_CODE_GRANT, upstreamGrants } from '../upstream/grant-types.ts';
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
  const { reached } = metadata;
  const grantTypes = upstreamGrants(metadata);
  return {
    grantTypes,
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
      ...(grantTypes.includes(DEVICE_CODE_GRANT) && {
        device_authorization_endpoint: `${issuer}/oidc/device`,
      }),
      ...(grantTypes.includes(CIBA_GRANT) && {
        backchannel_authentication_endpoint: `${issuer}/oidc/ciba`,
        backchannel_token_delivery_modes_supported: ['poll'],
        backchannel_user_code_parameter_supported: false,
      }),
    },
  };
}
