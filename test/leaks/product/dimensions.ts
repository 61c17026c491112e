import { PROFILE_NAMES } from '../../support/upstream/profiles.ts';
import type { ProfileName } from '../../support/upstream/profiles.ts';

/** One way in which a user can visit two vendors. */
export interface Row {
  readonly profile: ProfileName;
  readonly frontChannel: 'relay' | 'callback';
  readonly responseType: string;
  /** `default`: not asked for. */
  readonly responseMode: string;
}

export const RESPONSE_TYPES = [
  'code',
  'id_token',
  'id_token token',
  'code id_token',
  'code token',
  'code id_token token',
  'none',
] as const;

const RESPONSE_MODES = [
  'default',
  'query',
  'fragment',
  'form_post',
  'query.jwt',
  'fragment.jwt',
  'form_post.jwt',
  'jwt',
] as const;

export const DIMENSIONS = {
  profile: PROFILE_NAMES,
  frontChannel: ['relay', 'callback'],
  responseType: RESPONSE_TYPES,
  responseMode: RESPONSE_MODES,
} as const satisfies { readonly [Name in keyof Row]: readonly Row[Name][] };

/** Tokens never stand in a query (OAuth 2.0 Multiple Response Types 3). */
export function isPossible({ responseType, responseMode }: Partial<Row>): boolean {
  return !(responseMode === 'query' && responseType !== undefined && /token/.test(responseType));
}
