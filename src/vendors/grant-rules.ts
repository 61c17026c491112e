/** Grant types that need an upstream that has them too (RFC 8628 3.4, CIBA 4, RFC 8693 2.1). */
export const UPSTREAM_GRANTS = [
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:openid:params:grant-type:ciba',
  'urn:ietf:params:oauth:grant-type:token-exchange',
] as const;

/** The grant types that a client may be registered for. */
export const GRANT_TYPES = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  ...UPSTREAM_GRANTS,
] as const;

/** Those by which a client comes to its first token; the others need one. */
const FIRST_GRANTS = ['authorization_code', 'client_credentials', ...UPSTREAM_GRANTS.slice(0, 2)];

const CIBA = UPSTREAM_GRANTS[1];

/** A client entry as far as the rules below look at it. */
interface GrantEntry {
  readonly grant_types: readonly string[];
  readonly redirect_uris: readonly string[];
  readonly response_types: readonly string[];
  readonly scope: string;
  readonly backchannel_token_delivery_mode?: 'poll' | undefined;
  readonly frontchannel_logout_uri?: string | undefined;
}

interface MemberProblem {
  readonly member: string;
  readonly wrong: string;
  readonly right: string;
}

/** Whether a client of these grant types alone has no browser that comes back to it. */
export function lacksCodeFlow(grantTypes: readonly unknown[]): boolean {
  const others: readonly unknown[] = GRANT_TYPES.filter((type) => type !== 'authorization_code');
  return grantTypes.length > 0 && grantTypes.every((type) => others.includes(type));
}

/** What the grant types of an entry lack, and what they leave no use for. */
export function grantProblems(entry: GrantEntry): readonly MemberProblem[] {
  return [
    ...typeProblems(entry),
    ...scopeProblems(entry),
    ...codelessProblems(entry),
    ...deliveryProblems(entry),
    ...frontChannelLogoutProblems(entry),
  ];
}

function typeProblems({ grant_types: types }: GrantEntry): readonly MemberProblem[] {
  if (types.some((type) => FIRST_GRANTS.includes(type))) return [];
  const wrong = 'holds nothing that yields a first token';
  return [{ member: 'grant_types', wrong, right: `name one of ${FIRST_GRANTS.join(', ')}` }];
}

/** Whoever logs users in asks for an ID token; where a client acts for itself alone, nobody logs in. */
function scopeProblems({ grant_types: types, scope }: GrantEntry): readonly MemberProblem[] {
  const isAlone = types.every((type) => type === 'client_credentials');
  if (isAlone || scope.split(' ').includes('openid')) return [];
  return [{ member: 'scope', wrong: 'lacks the scope openid', right: 'begin it with openid' }];
}

/** RFC 7591 2.1: response types belong to the code flow. */
function codelessProblems(entry: GrantEntry): readonly MemberProblem[] {
  if (!lacksCodeFlow(entry.grant_types)) return [];
  return (['redirect_uris', 'response_types'] as const)
    .filter((member) => entry[member].length > 0)
    .map((member) => ({
      member,
      wrong: 'is of no use without the grant type authorization_code',
      right: 'leave it out, or name authorization_code in grant_types',
    }));
}

function deliveryProblems(entry: GrantEntry): readonly MemberProblem[] {
  if (entry.backchannel_token_delivery_mode === undefined) return [];
  if (entry.grant_types.includes(CIBA)) return [];
  const member = 'backchannel_token_delivery_mode';
  const wrong = `is of no use without the grant type ${CIBA}`;
  return [{ member, wrong, right: 'leave it out, or name that grant type in grant_types' }];
}

/** OpenID Connect Front-Channel Logout 2: scheme, host and port are those of a redirect URI. */
function frontChannelLogoutProblems(entry: GrantEntry): readonly MemberProblem[] {
  const uri = entry.frontchannel_logout_uri;
  const origin = uri === undefined ? undefined : URL.parse(uri)?.origin;
  if (origin === undefined) return [];
  const origins = entry.redirect_uris.flatMap(
    (redirectUri) => URL.parse(redirectUri)?.origin ?? [],
  );
  if (origins.includes(origin)) return [];
  const wrong = `lies at ${origin}, where no redirect URI of the client lies`;
  const right = 'use scheme, host and port of one of its redirect_uris';
  return [{ member: 'frontchannel_logout_uri', wrong, right }];
}
