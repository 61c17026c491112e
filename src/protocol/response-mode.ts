import type { ResponseType } from '../vendors/response-types.ts';

/** The response modes (OAuth 2.0 Multiple Response Types 2.1, Form Post, JARM 2.3). */
export const RESPONSE_MODES = [
  'query',
  'fragment',
  'form_post',
  'query.jwt',
  'fragment.jwt',
  'form_post.jwt',
  'jwt',
] as const;

/** How the members travel; `jwt` has been resolved to the type's default. */
export type ResponseMode = Exclude<(typeof RESPONSE_MODES)[number], 'jwt'>;

/** Whether tokens come from the authorization endpoint itself. */
export function isFrontChannelType(type: ResponseType): boolean {
  return type.split(' ').some((word) => word === 'id_token' || word === 'token');
}

/**
 * The response mode of a request; undefined: unknown, or one that would put
 * tokens into a query (Multiple Response Types 3, JARM 2.3.1).
 */
export function responseModeOf(
  value: string | undefined,
  type: ResponseType,
): ResponseMode | undefined {
  const fallback = isFrontChannelType(type) ? 'fragment' : 'query';
  if (value === undefined) return fallback;
  if (value === 'jwt') return `${fallback}.jwt`;
  const mode = RESPONSE_MODES.find((known) => known === value);
  if (mode === undefined || mode === 'jwt') return undefined;
  return mode === 'query' && fallback === 'fragment' ? undefined : mode;
}
