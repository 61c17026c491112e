/*
 * What the upstream says to a vendor's request becomes one of few words, chosen by
 * what the vendor can do about it; none of the upstream's own words goes on.
 */
import { describe, expect, test } from 'vitest';

import { Refusal } from '../../../src/errors.ts';
import type { AuthenticatedClient } from '../../../src/protocol/client-authentication.ts';
import { upstreamCredentialsOf } from '../../../src/protocol/upstream-credentials.ts';
import { forwardedCaller } from '../../../src/protocol/upstream-status.ts';
import { acceptedByUpstream } from '../../../src/protocol/upstream-tokens.ts';
import { generateSigningKey, importSigningKey } from '../../../src/tokens/signing-keys.ts';
import type { UpstreamCredentials } from '../../../src/upstream/client-authentication.ts';
import type { TokenRefusal } from '../../../src/upstream/error-answer.ts';
import { clientWith, NOW, reasonOf } from './given.ts';

type Said = TokenRefusal['error'];

const CREDENTIALS: UpstreamCredentials = { clientId: 'legacy-acme', clientSecret: 'one' };
const OTHER: UpstreamCredentials = { clientId: 'legacy-acme', clientSecret: 'other' };

function caller(forwarded: boolean, otherReading?: UpstreamCredentials): AuthenticatedClient {
  return {
    ...{ client: clientWith(), upstream: CREDENTIALS, otherReading, forwarded },
    failed: () => Promise.resolve(new Refusal('client_authentication_failed')),
  };
}

function refused(error: Said, upstreamError: string | undefined = error): TokenRefusal {
  return { kind: 'refused', error, upstreamError, upstreamDescription: undefined };
}

/** What comes of the upstream's answers, one for each credential that is tried. */
function outcome(
  by: AuthenticatedClient,
  ...answers: readonly (TokenRefusal | { kind: 'good' })[]
) {
  const left = [...answers];
  const ask = async () => left.shift() ?? { kind: 'good' as const };
  return reasonOf(() =>
    acceptedByUpstream<{ kind: 'good' }>(by, ask, new Map([['invalid_scope', 'scope_invalid']])),
  );
}

describe('where the upstream refuses', () => {
  test('our credential, the operator is told', async () => {
    expect(await outcome(caller(false), refused('invalid_client'))).toBe('upstream_client');
    expect(await outcome(caller(false), refused('unauthorized_client'))).toBe('upstream_client');
  });

  test('the vendor’s credential, the vendor is, once no other reading of it serves', async () => {
    const failed = 'client_authentication_failed';
    const no = refused('invalid_client');
    expect(await outcome(caller(true), no)).toBe(failed);
    expect(await outcome(caller(true, OTHER), no, no)).toBe(failed);
    expect(await outcome(caller(true, OTHER), no, { kind: 'good' })).toBeUndefined();
  });

  test('what means something here, it means that', async () => {
    expect(await outcome(caller(false), refused('invalid_scope'))).toBe('scope_invalid');
    const unknown = refused('invalid_scope', 'scope_of_alice');
    expect(await outcome(caller(false), unknown)).toBe('scope_invalid');
    const silent: TokenRefusal = { ...unknown, upstreamError: undefined };
    expect(await outcome(caller(false), silent)).toBe('scope_invalid');
  });

  test('for want of time, the vendor may come again; else it is a fault', async () => {
    const busy = refused('temporarily_unavailable');
    expect(await outcome(caller(false), busy)).toBe('upstream_unavailable');
    expect(await outcome(caller(false), refused('invalid_request'))).toBe('upstream_status');
  });
});

test('a credential that can be read in two ways is tried in both', () => {
  expect(forwardedCaller(caller(true)).credentials).toEqual([CREDENTIALS]);
  expect(forwardedCaller(caller(true, OTHER)).credentials).toEqual([CREDENTIALS, OTHER]);
});

describe('an assertion of ours towards the upstream', () => {
  const asked: string[] = [];
  const signing = {
    clock: () => NOW,
    signingKey: (algorithm: string) => {
      asked.push(algorithm);
      return key;
    },
  };
  const upstream = {
    ...{ clientId: 'legacy-acme', clientSecret: undefined, shared: false },
    authenticationMethod: 'private_key_jwt',
  } as const;
  const sign = (algorithms: readonly string[] | undefined) => {
    const { signAssertion } = upstreamCredentialsOf(upstream, signing);
    return reasonOf(() => signAssertion?.({ clientId: 'a', audience: 'b', algorithms }));
  };
  let key: Extract<Awaited<ReturnType<typeof importSigningKey>>, { ok: true }>['value'];

  test('is signed by what it takes, the most widely understood first', async () => {
    const imported = await importSigningKey(await generateSigningKey('ES256', NOW));
    if (!imported.ok) throw new Error(imported.reason);
    key = imported.value;
    expect(await sign(undefined)).toBeUndefined();
    expect(await sign(['HS256', 'EdDSA', 'ES256'])).toBeUndefined();
    expect(asked).toEqual(['RS256', 'ES256']);
  });

  test('is none where it takes nothing that we can sign', async () => {
    expect(await sign(['HS256'])).toBe('upstream_client');
  });
});
