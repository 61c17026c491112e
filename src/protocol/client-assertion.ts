import type { OneTimeUses } from '../grants/one-time.ts';
import type { Result } from '../result.ts';
import { failure } from '../result.ts';
import type { VerifiedAssertion } from '../tokens/client-assertion.ts';
import { verifyClientAssertion } from '../tokens/client-assertion.ts';
import type { ClientKeys } from '../outbound/client-keys.ts';
import type { Client } from '../vendors/client.ts';

/** RFC 7523 2.2: the one type of assertion that authenticates a client. */
export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** What judging assertions takes. */
export interface AssertionParts {
  readonly issuer: string;
  readonly clientKeys: ClientKeys;
  readonly oneTime: Pick<OneTimeUses, 'useOnce'>;
  readonly clock: () => Date;
}

/** The endpoints of ours that an assertion may be meant for, beside the issuer (OpenID Connect Core 9, RFC 9126 2). */
const AUDIENCE_PATHS = ['/oidc/token', '/oidc/par'] as const;

/**
 * Whether an assertion authenticates a client (RFC 7523 3). A good one is used up.
 *
 * @throws Refusal `client_assertion_replayed`, `client_keys_unavailable`, `database_unavailable`
 */
export async function judgeAssertion(
  parts: AssertionParts,
  client: Client,
  assertion: string,
): Promise<Result<VerifiedAssertion>> {
  const now = parts.clock();
  const verified = await verify(parts, client, assertion, now);
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
  now: Date,
): Promise<Result<VerifiedAssertion>> {
  const { clientId, clientSecret, metadata } = client;
  const expected = {
    clientId,
    audiences: [parts.issuer, ...AUDIENCE_PATHS.map((path) => parts.issuer + path)],
    algorithm: metadata.token_endpoint_auth_signing_alg,
    now,
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
  const first = await withKeys();
  if (first.ok || first.reason !== 'client_assertion_key_unknown') return first;
  return (await parts.clientKeys.refetch(client)) ? withKeys() : first;
}
