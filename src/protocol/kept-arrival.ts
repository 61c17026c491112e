import { Concealed } from '../tokens/seal.ts';
import type { SealValue } from '../tokens/seal.ts';
import type { Arrived } from './redemption.ts';

/** What the upstream has told of a user, without the client. */
type Told = Pick<Arrived, 'tokens' | 'verified'>;

/** What the upstream has told, as seal contents; its ID token is left out. */
export function packArrival({ tokens, verified }: Told): Record<string, SealValue> {
  return {
    t: new Concealed(tokens.accessToken),
    l: tokens.expiresIn ?? null,
    f: tokens.refreshToken === undefined ? null : new Concealed(tokens.refreshToken),
    v: new Concealed(JSON.stringify(verified.claims)),
    u: verified.subject,
    a: verified.algorithm,
  };
}

/**
 * The inverse of {@link packArrival}.
 *
 * @param scope what the upstream granted; undefined: all that was asked for
 */
export function unpackArrival(
  contents: Readonly<Record<string, SealValue>>,
  scope: string | undefined,
): Told {
  return {
    tokens: {
      kind: 'tokens',
      accessToken: String(contents['t']),
      tokenType: 'Bearer',
      expiresIn: typeof contents['l'] === 'number' ? contents['l'] : undefined,
      refreshToken: typeof contents['f'] === 'string' ? contents['f'] : undefined,
      idToken: undefined,
      scope,
    },
    verified: {
      claims: JSON.parse(String(contents['v'])) as Told['verified']['claims'],
      subject: String(contents['u']),
      algorithm: String(contents['a']) as Told['verified']['algorithm'],
    },
  };
}

/** Whether a value of a seal is contents within the contents. */
export function isContents(value: SealValue | undefined): value is Record<string, SealValue> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Concealed)
  );
}
