import type { Config } from '../config/types.ts';
import type { StoredClient } from '../vendors/client-store.ts';
import { ok, warning, type Finding } from './finding.ts';

/** Different bytes that a key should have: 32 random bytes have fewer once in 10^17 times. */
const LEAST_BYTES = 12;
/** Characters of a client's secret: 16 of base64url hold 96 bits. */
const LEAST_SECRET = 16;

/** Whether secrets look as if they could be guessed; says their names, and never what they are. */
export function secretFindings(
  { secrets, adminToken, pseudonymAlgorithm }: Config,
  clients: readonly StoredClient[],
): readonly Finding[] {
  const keys: readonly (readonly [string, Uint8Array | undefined])[] = [
    ['MASTER_KEY', secrets.masterKey],
    // With the formula of others it is a text of theirs, which has a check of its own.
    ['PAIRWISE_SALT', pseudonymAlgorithm === 'oidc-sha256' ? undefined : secrets.pairwiseSalt],
    ['ADMIN_TOKEN', adminToken === undefined ? undefined : Buffer.from(adminToken)],
  ];
  const guessable = keys.filter(
    ([, value]) => value !== undefined && new Set(value).size < LEAST_BYTES,
  );
  const hint = 'Take random bytes, as from `openssl rand -base64 32`.';
  return [
    ...(guessable.length === 0
      ? [ok('secrets', 'The keys that are configured look random.')]
      : guessable.map(([name]) => warning('secrets', `${name} does not look random.`, hint))),
    ...clients.flatMap(clientSecretFindings),
  ];
}

function clientSecretFindings({ client }: StoredClient): readonly Finding[] {
  const { clientId, clientSecret, upstream } = client;
  const held = [
    ['The secret of its vendor', clientSecret],
    ['Its secret at the upstream', upstream?.clientSecret],
  ] as const;
  return held.flatMap(([which, secret]) => {
    if (secret === undefined || secret.length >= LEAST_SECRET) return [];
    const message = `${which} has ${secret.length} characters, and can be guessed.`;
    return [warning('client_secret', message, 'Give it 32 random bytes.', clientId)];
  });
}
