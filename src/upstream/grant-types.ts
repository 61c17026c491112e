import type { UpstreamMetadata } from './metadata.ts';

/** RFC 8628 3.4. */
export const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
/** CIBA 4. */
export const CIBA_GRANT = 'urn:openid:params:grant-type:ciba';
/** RFC 8693 2.1. */
export const TOKEN_EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** Which of these the upstream has, by its discovery document; CIBA only where it lets clients poll. */
export function upstreamGrants(metadata: UpstreamMetadata): readonly string[] {
  const { reached } = metadata;
  const polls = metadata.backchannel_token_delivery_modes_supported.includes('poll');
  const exchanges = metadata.grant_types_supported.includes(TOKEN_EXCHANGE_GRANT);
  return [
    ...(reached.device_authorization_endpoint === undefined ? [] : [DEVICE_CODE_GRANT]),
    ...(reached.backchannel_authentication_endpoint !== undefined && polls ? [CIBA_GRANT] : []),
    ...(exchanges ? [TOKEN_EXCHANGE_GRANT] : []),
  ];
}
