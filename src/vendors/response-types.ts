/** The response types that the proxy builds (OAuth 2.0 Multiple Response Types 5, RFC 6749). */
export const RESPONSE_TYPES = [
  'code',
  'id_token',
  'id_token token',
  'code id_token',
  'code token',
  'code id_token token',
  'none',
] as const;

/** One of {@link RESPONSE_TYPES}, its words in the order in which they stand there. */
export type ResponseType = (typeof RESPONSE_TYPES)[number];

/** The response type of a request in whichever order its words were sent; undefined: unknown. */
export function responseTypeOf(value: string): ResponseType | undefined {
  const sought = sortedWords(value);
  return RESPONSE_TYPES.find((type) => sortedWords(type) === sought);
}

function sortedWords(value: string): string {
  return value.split(' ').sort().join(' ');
}
