import type { OneTimeUses } from '../grants/one-time.ts';
import type { Result } from '../result.ts';
import { failure } from '../result.ts';
import type { AssertionExpectation, VerifiedAssertion } from '../tokens/client-assertion.ts';
import { verifyClientAssertion } from '../tokens/client-assertion.ts';
import type { ClientKeys } from '../outbound/client-keys.ts';
import type { Client } from '../vendors/client.ts';
import { withFreshKeys } from './fresh-keys.ts';

/** RFC 7523 2.2: the one type of assertion that authenticates a client. */
export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** What judging assertions takes. */
export interface AssertionParts {
  readonly issuer: string;
  readonly clientKeys: ClientKeys;
  readonly oneTime: Pick<OneTimeUses, 'useOnce'>;
  readonly clock: () => Date;
}

/** The endpoints where clients authenticate, by the last part of their addresses under `/oidc/`. */
export type AuthenticatingEndpoint =
  'token' | 'par' | 'introspect' | 'revoke' | 'device' | 'ciba' | 'events';

/**
 * Whether an assertion authenticates a client at an endpoint (RFC 7523 3). It may be meant for
 * the issuer, the token endpoint (OpenID Connect Core 9) or that endpoint (RFC 9126 2), so that
 * one that was meant for another of our endpoints alone is no credential here. A good one is
 * used up, whichever of these it names.
 *
 * @throws Refusal `client_assertion_replayed`, `client_keys_unavailable`, `database_unavailable`
 */
export async function judgeAssertion(
  parts: AssertionParts,
  client: Client,
  assertion: string,
  endpoint: AuthenticatingEndpoint,
): Promise<Result<VerifiedAssertion>> {
  const now = parts.clock();
  const verified = await verify(parts, client, assertion, {
    audiences: [parts.issuer, `${parts.issuer}/oidc/token`, `${parts.issuer}/oidc/${endpoint}`],
    now,
  });
  if (!verified.ok) return verified;
  const { jti, expiresAt } = verified.value;
  const value = Buffer.from(JSON.stringify([client.clientId, jti]));
  await parts.oneTime.useOnce(
    { purpose: 'client_assertion', value, replayed: 'client_assertion_replayed' },
    expiresAt,
  );
  return verified;
}

async function verify(
  parts: AssertionParts,
  client: Client,
  assertion: string,
  here: Pick<AssertionExpectation, 'audiences' | 'now'>,
): Promise<Result<VerifiedAssertion>> {
  const { clientId, clientSecret, metadata } = client;
  const expected = {
    ...here,
    clientId,
    algorithm: metadata.token_endpoint_auth_signing_alg,
  };
  if (metadata.token_endpoint_auth_method === 'client_secret_jwt') {
    if (clientSecret === undefined) return failure('client_assertion_invalid', 'no secret');
    const material = { method: 'client_secret_jwt', secret: clientSecret } as const;
    return verifyClientAssertion(assertion, { ...expected, material });
  }
  const withKeys = async (): Promise<Result<VerifiedAssertion>> => {
    const keys = await parts.clientKeys.keys(client);
    const material = { method: 'private_key_jwt', keys } as const;
    return verifyClientAssertion(assertion, { ...expected, material });
  };
  const refetch = (): Promise<boolean> => parts.clientKeys.refetch(client);
  return withFreshKeys(withKeys, 'client_assertion_key_unknown', refetch);
}
