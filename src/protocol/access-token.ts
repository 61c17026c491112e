import { randomBytes } from 'node:crypto';
import type { Result } from '../result.ts';
import { failure, success } from '../result.ts';
import type { ReleasedSubject } from '../subjects/released.ts';
import type { ClientSubject } from '../tokens/at-jwt.ts';
import { looksLikeJwt, signAccessToken, verifyAccessToken } from '../tokens/at-jwt.ts';
import { Concealed } from '../tokens/seal.ts';
import type { SealContents, SealValue } from '../tokens/seal.ts';
import type { SigningKey } from '../tokens/signing-keys.ts';
import type { Client } from '../vendors/client.ts';
import type { Grant } from './grant.ts';
import { unpackGrant } from './grant.ts';
import type { Seals } from './seals.ts';

/** What opening access tokens of ours works with. */
export interface AccessTokenParts {
  readonly issuer: string;
  readonly seals: Seals;
  readonly clock: () => Date;
  /** All public keys that may have signed a token that is still good. */
  readonly publicKeys: () => readonly object[];
}

/** What making access tokens works with. */
interface AccessTokenMaking {
  readonly issuer: string;
  readonly seals: Seals;
  readonly signingKey: (algorithm: SigningKey['alg']) => SigningKey;
}

/** What an access token of the `client_credentials` grant stands for: a client, and no user. */
export interface ClientGrant {
  readonly clientId: string;
  readonly scope: string;
  readonly resource: readonly string[];
  /** The change-log position at which it was given. */
  readonly change: number;
  /** RFC 9449: the thumbprint of the key that it is bound to; undefined: to none. */
  readonly jkt: string | undefined;
}

interface Opened {
  readonly upstreamToken: string;
  readonly expiresAt: Date;
  /** The resources that it names; undefined: it is opaque, and names none. */
  readonly audience: readonly string[] | undefined;
}

/** An access token of ours for a user, opened. */
export interface UserAccessToken extends Opened {
  readonly kind: 'user';
  readonly grant: Grant;
}

/** An access token of ours for a client alone, opened. */
export interface ClientAccessToken extends Opened {
  readonly kind: 'client';
  readonly grant: ClientGrant;
}

/** An access token of ours, opened. */
export type AccessToken = UserAccessToken | ClientAccessToken;

/** Seconds for which a JWT access token is good at the most: nobody can take it back. */
const JWT_SECONDS = 300;

/** What an access token is made from. */
export interface AccessTokenPlan {
  readonly client: Client;
  readonly subject: ReleasedSubject | ClientSubject;
  readonly scope: string;
  /** Of a JWT; the client's default where empty. */
  readonly resource: readonly string[];
  /** Further claims, asked for where a JWT is made: authentication information by the release policy. */
  readonly claims: () => Readonly<Record<string, unknown>>;
  readonly upstreamToken: string;
  /** RFC 9449 6.1: the key that it is bound to. */
  readonly jkt: string | undefined;
  /** Whom it speaks for, by the blind index; undefined: the client alone. */
  readonly user?: Uint8Array;
  /** What the seal holds beside the upstream's token. */
  readonly contents: SealContents;
  readonly now: Date;
  /** Seconds, at the most. */
  readonly lifetime: number;
}

/**
 * An access token in the form that the client registered: a seal, or a JWT that
 * carries one (RFC 9068). The seal inside a JWT is bound to its `jti`, so that
 * neither serves for the other.
 */
export async function makeAccessToken(
  parts: AccessTokenMaking,
  plan: AccessTokenPlan,
): Promise<{ readonly accessToken: string; readonly lifetime: number }> {
  const { client, now } = plan;
  const asJwt = client.metadata.access_token_format === 'jwt';
  const lifetime = asJwt ? Math.min(plan.lifetime, JWT_SECONDS) : plan.lifetime;
  const expiresAt = new Date(now.getTime() + lifetime * 1000);
  const times = { now, expiresAt, user: plan.user };
  const contents = { ...plan.contents, t: new Concealed(plan.upstreamToken) };
  if (!asJwt) {
    return { accessToken: await parts.seals.seal('access_token', contents, times), lifetime };
  }
  const jti = randomBytes(16).toString('base64url');
  const sealed = await parts.seals.seal('access_token', { ...contents, i: jti }, times);
  const iat = Math.floor(now.getTime() / 1000);
  const accessToken = await signAccessToken(
    {
      ...plan.claims(),
      iss: parts.issuer,
      sub: plan.subject,
      aud: audienceFor(plan),
      client_id: client.clientId,
      scope: plan.scope,
      ...{ iat, exp: iat + lifetime, jti, sealed },
      ...(plan.jkt === undefined ? {} : { cnf: { jkt: plan.jkt } }),
    },
    parts.signingKey(client.metadata.id_token_signed_response_alg),
  );
  return { accessToken, lifetime };
}

/** RFC 9068 3: what was asked for, or the default resource. */
function audienceFor({ client, resource }: AccessTokenPlan): string | readonly string[] {
  const audience = resource.length > 0 ? resource : (client.metadata.resources ?? []).slice(0, 1);
  const [only] = audience;
  return audience.length === 1 && only !== undefined ? only : audience;
}

/** The contents of a seal for a client alone; a user's has a user index, this never. */
export function packClientGrant(grant: ClientGrant): Record<string, SealValue> {
  return {
    ...{ p: true, c: grant.clientId, o: grant.scope, r: grant.resource, n: grant.change },
    j: grant.jkt ?? null,
  };
}

/**
 * Opens an access token of ours in whichever form. Whether its grant still
 * stands is for the caller to ask.
 *
 * @returns `token_invalid` or `token_expired`
 */
export async function openAccessToken(
  parts: AccessTokenParts,
  token: string,
): Promise<Result<AccessToken>> {
  const now = parts.clock();
  if (!looksLikeJwt(token)) return openSeal(parts.seals, token, undefined, now);
  const { issuer } = parts;
  const verified = await verifyAccessToken(token, { keys: parts.publicKeys(), issuer, now });
  if (!verified.ok) return verified;
  return openSeal(parts.seals, verified.value.sealed, verified.value, now);
}

async function openSeal(
  seals: Seals,
  sealed: string,
  jwt: { readonly jti: string; readonly audience: readonly string[] } | undefined,
  now: Date,
): Promise<Result<AccessToken>> {
  const opened = await seals.unseal('access_token', sealed, now);
  if (!opened.ok) {
    return failure(opened.reason === 'seal_expired' ? 'token_expired' : 'token_invalid');
  }
  const { contents, expiresAt } = opened.value;
  if (contents['i'] !== jwt?.jti) return failure('token_invalid', 'the seal of another form');
  const common = { upstreamToken: String(contents['t']), expiresAt, audience: jwt?.audience };
  if (contents['p'] === true) {
    return success({ kind: 'client', grant: unpackClientGrant(contents), ...common });
  }
  const grant = unpackGrant(contents);
  if (grant === undefined) return failure('token_invalid', 'no user index');
  return success({ kind: 'user', grant, ...common });
}

function unpackClientGrant(contents: Readonly<Record<string, SealValue>>): ClientGrant {
  return {
    clientId: String(contents['c']),
    scope: String(contents['o']),
    resource: Array.isArray(contents['r']) ? contents['r'].map(String) : [],
    change: Number(contents['n']),
    jkt: typeof contents['j'] === 'string' ? contents['j'] : undefined,
  };
}
