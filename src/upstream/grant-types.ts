/** RFC 8628 3.4. */
export const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
/** CIBA 4. */
export const CIBA_GRANT = 'urn:openid:params:grant-type:ciba';
/** RFC 8693 2.1. */
export const TOKEN_EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
