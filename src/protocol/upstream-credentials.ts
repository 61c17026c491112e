import { randomUUID } from 'node:crypto';
import { Refusal } from '../errors.ts';
import { signClientAssertion } from '../tokens/client-assertion.ts';
import type { SigningKey } from '../tokens/signing-keys.ts';
import type { SignAssertion, UpstreamCredentials } from '../upstream/client-authentication.ts';
import type { Client } from '../vendors/client.ts';

/** What signs for the proxy: its own ring. */
export interface AssertionSigning {
  readonly signingKey: (algorithm: SigningKey['alg']) => SigningKey;
  readonly clock: () => Date;
}

/** What the proxy can sign with, most widely understood first. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;

/** Signs assertions towards the upstream with the proxy's own keys, which it finds at our `jwks_uri`. */
function assertionSigner({ signingKey, clock }: AssertionSigning): SignAssertion {
  return ({ clientId, audience, algorithms }) => {
    const algorithm = ALGORITHMS.find((name) => algorithms?.includes(name) ?? true);
    if (algorithm === undefined) {
      throw new Refusal('upstream_client', `the upstream takes none of ${ALGORITHMS.join(', ')}`);
    }
    const assertion = { clientId, audience, jti: randomUUID(), now: clock() };
    return signClientAssertion(assertion, signingKey(algorithm));
  };
}

/** What the proxy authenticates with as the upstream client of a terminated client. */
export function upstreamCredentialsOf(
  upstream: NonNullable<Client['upstream']>,
  signing: AssertionSigning,
): UpstreamCredentials {
  const { clientId, clientSecret, authenticationMethod: method } = upstream;
  return { clientId, clientSecret, method, signAssertion: assertionSigner(signing) };
}
