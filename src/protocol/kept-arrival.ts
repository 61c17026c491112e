import { Concealed } from '../tokens/seal.ts';
import type { SealValue } from '../tokens/seal.ts';
import type { Arrived } from './redemption.ts';

/** What the upstream has told of a user, without the client. */
type Told = Pick<Arrived, 'tokens' | 'verified'>;

/** What the upstream has told by now, as seal contents; its ID token is left out. */
export function packArrival({ tokens, verified }: Told, now: Date): Record<string, SealValue> {
  return {
    k: now.getTime(),
    t: new Concealed(tokens.accessToken),
    l: tokens.expiresIn ?? null,
    f: tokens.refreshToken === undefined ? null : new Concealed(tokens.refreshToken),
    v: new Concealed(JSON.stringify(verified.claims)),
    u: verified.subject,
    a: verified.algorithm,
  };
}

/**
 * The inverse of {@link packArrival}; the access token is as much older as it was kept.
 *
 * @param scope what the upstream granted; undefined: all that was asked for
 */
export function unpackArrival(
  contents: Readonly<Record<string, SealValue>>,
  scope: string | undefined,
  now: Date,
): Told {
  const { k: keptAt, l: lifetime } = contents;
  const waited = typeof keptAt === 'number' ? Math.ceil((now.getTime() - keptAt) / 1000) : 0;
  return {
    tokens: {
      kind: 'tokens',
      accessToken: String(contents['t']),
      tokenType: 'Bearer',
      expiresIn: typeof lifetime === 'number' ? Math.max(0, lifetime - waited) : undefined,
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

/** Until when an arrival is kept: no longer than its ID token is good, so that what is made of it is too. */
export function keptUntil({ verified }: Pick<Told, 'verified'>, now: Date, seconds: number): Date {
  const ends = Number(verified.claims['exp']) * 1000;
  return new Date(Math.min(now.getTime() + seconds * 1000, ends));
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
