import { Refusal, orRefuse } from '../errors.ts';
import type { Reason } from '../errors.ts';
import { unverifiedSubject } from '../tokens/unverified.ts';
import type { VerifiedIdToken } from '../tokens/verify.ts';
import { TOKEN_EXCHANGE_GRANT } from '../upstream/grant-types.ts';
import type { UpstreamTokens } from '../upstream/token-request.ts';
import { requestTokens } from '../upstream/token-request.ts';
import type { AccessTokenParts } from './access-token.ts';
import { openAccessToken } from './access-token.ts';
import type { AuthenticatedClient } from './client-authentication.ts';
import type { GrantToken } from './grant.ts';
import { openGrantToken } from './grant.ts';
import { optional, required } from './parameters.ts';
import { resourcesOf } from './resources.ts';
import type { StandingGrants } from './standing.ts';
import { modeToday, standingClient } from './standing.ts';
import type { GrantHandler } from './token.ts';
import type { IssueParts } from './token-issue.ts';
import { grantedScope, issueTokens } from './token-issue.ts';
import { narrowedScope, requireSameUser } from './token-refresh.ts';
import { acceptedByUpstream } from './upstream-tokens.ts';
import { verifiedIdToken } from './verified-id-token.ts';

/** What exchanging tokens works with. */
export type ExchangeParts = IssueParts & AccessTokenParts;

const FALLEN = {
  gone: 'subject_token_invalid',
  revoked: 'subject_token_invalid',
  ended: 'subject_token_invalid',
  continuity: 'subject_token_invalid',
} as const;

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const REFRESH_TOKEN = 'urn:ietf:params:oauth:token-type:refresh_token';

const REFUSALS: ReadonlyMap<string, Reason> = new Map<string, Reason>([
  ['invalid_target', 'exchange_target'],
  ['invalid_scope', 'scope_invalid'],
  ['unsupported_grant_type', 'grant_type_unsupported'],
  ['invalid_request', 'subject_token_refused'],
  ['invalid_grant', 'subject_token_refused'],
]);

type SubjectToken = GrantToken & { readonly type: string; readonly expiresAt: Date };

/**
 * Token exchange (RFC 8693): a token of ours is opened and exchanged at the
 * upstream, and what comes of it is sealed again, for the same client, the same
 * user and the same grant. ID tokens of ours hold nothing that the upstream would
 * take, and an actor would be somebody else, so neither serves.
 */
export function exchangeGrant(parts: ExchangeParts, registry: StandingGrants): GrantHandler {
  return async (authenticated, request, jkt) => {
    const { form } = request;
    refuseUnsupported(parts, form);
    const subject = await openSubjectToken(parts, form);
    const { grant, expiresAt } = subject;
    if (grant.clientId !== authenticated.client.clientId) {
      throw new Refusal('subject_token_of_another_client');
    }
    if (grant.jkt !== undefined && grant.jkt !== jkt) {
      // Or a stolen token, useless without its key, could be turned into one of use.
      throw new Refusal('subject_token_invalid', 'bound to a key that was not proved');
    }
    const known = standingClient(grant, registry, parts.clock(), FALLEN);
    const resource = resourcesOf(form, known);
    const scope = narrowedScope(optional(form, 'scope'), grant.scope);
    const tokens = await exchanged(parts, authenticated, subject, scope, resource);
    const now = parts.clock();
    const client = standingClient(grant, registry, now, FALLEN);
    const verified = await verifiedUser(parts, { ...authenticated, client }, subject, tokens, now);
    const answer = await issueTokens(parts, {
      ...{ client, grant: { ...grant, jkt }, tokens, verified, now, log: request.log },
      ...(resource.length > 0 && { resource }),
      scope: grantedScope(tokens.scope, scope),
      mode: modeToday(grant, client),
      nonce: undefined,
      // What comes of a token does not outlive it.
      ...{ grantEnds: expiresAt, ended: 'subject_token_invalid' },
    });
    return { ...answer, body: { ...answer.body, issued_token_type: ACCESS_TOKEN } };
  };
}

function refuseUnsupported(parts: ExchangeParts, form: URLSearchParams): void {
  const { grant_types_supported: offered } = parts.upstream.metadata();
  if (!offered.includes(TOKEN_EXCHANGE_GRANT)) throw new Refusal('grant_type_unsupported');
  if (optional(form, 'actor_token') !== undefined) {
    throw new Refusal('request_malformed', 'actor_token');
  }
  if (optional(form, 'audience') !== undefined) throw new Refusal('exchange_target', 'audience');
  const wanted = optional(form, 'requested_token_type');
  if (wanted !== undefined && wanted !== ACCESS_TOKEN) {
    throw new Refusal('request_malformed', 'requested_token_type');
  }
}

/** Only tokens of ours: whatever else a vendor holds did not come from here. */
async function openSubjectToken(
  parts: ExchangeParts,
  form: URLSearchParams,
): Promise<SubjectToken> {
  const token = required(form, 'subject_token');
  const type = required(form, 'subject_token_type');
  if (type === REFRESH_TOKEN) {
    const opened = await openGrantToken(parts.seals, 'refresh_token', token, parts.clock());
    if (!opened.ok) throw new Refusal('subject_token_invalid', opened.reason);
    return { ...opened.value, type };
  }
  if (type !== ACCESS_TOKEN) throw new Refusal('request_malformed', 'subject_token_type');
  const opened = await openAccessToken(parts, token);
  if (!opened.ok) throw new Refusal('subject_token_invalid', opened.reason);
  if (opened.value.kind !== 'user') throw new Refusal('subject_token_invalid', 'of no user');
  const { grant, upstreamToken, expiresAt } = opened.value;
  return { grant, upstreamToken, expiresAt, type };
}

function exchanged(
  parts: ExchangeParts,
  authenticated: AuthenticatedClient,
  { upstreamToken, type }: SubjectToken,
  scope: string,
  resource: readonly string[],
): Promise<UpstreamTokens> {
  const [only] = resource;
  if (resource.length > 1) throw new Refusal('exchange_target', 'more than one resource');
  return acceptedByUpstream(
    authenticated,
    (credentials) =>
      requestTokens(
        { exchange: parts.exchange, metadata: parts.upstream.metadata(), credentials },
        {
          grant_type: TOKEN_EXCHANGE_GRANT,
          subject_token: upstreamToken,
          subject_token_type: type,
          requested_token_type: ACCESS_TOKEN,
          scope,
          ...(only !== undefined && { resource: only }),
        },
      ),
    REFUSALS,
  );
}

/** Where the upstream's answer tells whom it is about, it is the user of the subject token. */
async function verifiedUser(
  parts: ExchangeParts,
  { client, upstream }: AuthenticatedClient,
  { grant, upstreamToken }: SubjectToken,
  tokens: UpstreamTokens,
  now: Date,
): Promise<VerifiedIdToken | undefined> {
  const claimed = unverifiedSubject(tokens.accessToken);
  // Some providers name a user otherwise in access tokens, yet always alike.
  if (claimed !== undefined && claimed !== unverifiedSubject(upstreamToken)) {
    await requireSameUser(parts, client, grant, claimed);
  }
  if (tokens.idToken === undefined) return undefined;
  const { accessToken } = tokens;
  const verified = orRefuse(
    await verifiedIdToken(parts.upstream, tokens.idToken, {
      ...{ clientId: upstream.clientId, nonce: undefined, accessToken, now },
    }),
  );
  await requireSameUser(parts, client, grant, verified.subject);
  return verified;
}
