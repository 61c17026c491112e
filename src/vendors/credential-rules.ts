import { canVerify } from './client-keys.ts';
import type { ClientEntry } from './entries.ts';
import type { Path, Problem } from './problem.ts';
import { isResourceServerOnly } from './resource-server.ts';

type Method = ClientEntry['token_endpoint_auth_method'];

/** A secret that an entry gives, or failed to give. */
interface GivenSecret {
  readonly secret: string | undefined;
  readonly isBroken: boolean;
}

/** Whether a method works with a secret that both sides hold. */
export function usesSecret(method: Method): boolean {
  return method !== 'none' && method !== 'private_key_jwt';
}

/**
 * What an entry says of credentials and keys that cannot work, so that it is
 * refused at registration and not at a login.
 */
export function credentialProblems(
  entry: ClientEntry,
  given: { readonly own: GivenSecret; readonly upstream: GivenSecret },
  path: Path,
): readonly Problem[] {
  return [
    ...secretProblems(entry, given.own, path),
    ...upstreamProblems(entry, given.upstream, [...path, 'upstream']),
    ...forwardedProblems(entry, path),
    ...keyProblems(entry, path),
    ...algorithmProblems(entry, given.own, path),
  ];
}

function secretProblems(
  entry: ClientEntry,
  { secret, isBroken }: GivenSecret,
  path: Path,
): readonly Problem[] {
  const method = entry.token_endpoint_auth_method;
  const at = [...path, 'client_secret'];
  if (!usesSecret(method)) {
    if (secret === undefined && !isBroken) return [];
    const kind = method === 'none' ? 'a public client' : 'private_key_jwt';
    const right = 'leave it out, or use token_endpoint_auth_method: client_secret_basic';
    return [{ path: at, wrong: `is given for ${kind}`, right }];
  }
  const isForwarded = entry.upstream === undefined && !isResourceServerOnly({ metadata: entry });
  if (isForwarded || secret !== undefined || isBroken) return [];
  const right =
    'give client_secret, client_secret_env or client_secret_file (what the vendor uses), or token_endpoint_auth_method: none';
  return [{ path: at, wrong: 'is missing', right }];
}

/** What the proxy itself authenticates with. */
function upstreamProblems(
  { upstream }: ClientEntry,
  { secret, isBroken }: GivenSecret,
  path: Path,
): readonly Problem[] {
  const method = upstream?.token_endpoint_auth_method;
  if (method === undefined || isBroken) return [];
  const wantsSecret = method === 'client_secret_basic' || method === 'client_secret_post';
  if (wantsSecret === (secret !== undefined)) return [];
  const wrong = wantsSecret ? `is missing for ${method}` : `is given for ${method}`;
  const right = wantsSecret
    ? 'give client_secret, client_secret_env or client_secret_file'
    : 'leave it out, or use client_secret_basic or client_secret_post';
  return [{ path: [...path, 'client_secret'], wrong, right }];
}

/** Without an upstream block the upstream judges the credential, so it must be one that can be passed on. */
function forwardedProblems(entry: ClientEntry, path: Path): readonly Problem[] {
  if (entry.upstream !== undefined || isResourceServerOnly({ metadata: entry })) return [];
  const right = 'give the client "upstream", so that the proxy itself can judge what it presents';
  const impossible = [];
  const method = entry.token_endpoint_auth_method;
  if (method === 'private_key_jwt' || method === 'client_secret_jwt') {
    const wrong = `is ${method}, which names an audience and cannot be passed on`;
    impossible.push({ path: [...path, 'token_endpoint_auth_method'], wrong, right });
  }
  if (entry.require_pushed_authorization_requests === true) {
    const wrong = 'is not possible where the upstream authenticates the client';
    impossible.push({ path: [...path, 'require_pushed_authorization_requests'], wrong, right });
  }
  return impossible;
}

function keyProblems(entry: ClientEntry, path: Path): readonly Problem[] {
  if (entry.jwks !== undefined && entry.jwks_uri !== undefined) {
    const right = 'give one of them (OpenID Connect Registration 2)';
    return [{ path: [...path, 'jwks_uri'], wrong: 'stands beside jwks', right }];
  }
  if (entry.jwks !== undefined) {
    const kids = entry.jwks.keys.flatMap(({ kid }) => kid ?? []);
    if (new Set(kids).size < kids.length) {
      const right = 'give each key a kid of its own';
      return [{ path: [...path, 'jwks'], wrong: 'names a kid twice', right }];
    }
  }
  return [];
}

/** Every algorithm that is named has a key, or a secret, that it can be used with. */
function algorithmProblems(
  entry: ClientEntry,
  { secret }: GivenSecret,
  path: Path,
): readonly Problem[] {
  const method = entry.token_endpoint_auth_method;
  const alg = entry.token_endpoint_auth_signing_alg;
  const at = [...path, 'token_endpoint_auth_signing_alg'];
  const problems: Problem[] = [];
  if (method === 'private_key_jwt') {
    problems.push(...signingProblems(entry, alg, 'private_key_jwt', path));
    if (alg?.startsWith('HS') === true) {
      const right = 'use RS256, PS256, ES256 or EdDSA, or client_secret_jwt';
      problems.push({ path: at, wrong: `is ${alg} for private_key_jwt`, right });
    }
  } else if (method === 'client_secret_jwt') {
    if (alg !== undefined && !alg.startsWith('HS')) {
      const right = 'use HS256, HS384 or HS512, or private_key_jwt';
      problems.push({ path: at, wrong: `is ${alg} for client_secret_jwt`, right });
    }
    problems.push(...macProblems(secret, alg ?? 'HS256', path));
  } else if (alg !== undefined) {
    const right = 'leave it out, or use private_key_jwt or client_secret_jwt';
    problems.push({ path: at, wrong: `is of no use with ${method}`, right });
  }
  const objects = entry.request_object_signing_alg;
  if (objects !== undefined || entry.require_signed_request_object === true) {
    problems.push(...signingProblems(entry, objects, 'signed request objects', path));
  }
  return problems;
}

function signingProblems(
  entry: ClientEntry,
  algorithm: string | undefined,
  what: string,
  path: Path,
): readonly Problem[] {
  if (entry.jwks_uri !== undefined || algorithm?.startsWith('HS') === true) return [];
  if (entry.jwks === undefined) {
    const right = 'give the public keys as jwks, or their address as jwks_uri';
    return [{ path: [...path, 'jwks'], wrong: `is missing for ${what}`, right }];
  }
  if (entry.jwks.keys.some((key) => canVerify(key, algorithm))) return [];
  const wrong = `has no key for ${algorithm ?? 'signatures'}, which ${what} would need`;
  return [{ path: [...path, 'jwks'], wrong, right: 'add such a key' }];
}

/** RFC 7518 3.2: a key of the hash's size or larger. */
function macProblems(
  secret: string | undefined,
  algorithm: string,
  path: Path,
): readonly Problem[] {
  const bytes = Number(algorithm.slice(2)) / 8;
  if (secret === undefined || Buffer.byteLength(secret) >= bytes) return [];
  const wrong = `is shorter than the ${bytes} bytes that ${algorithm} needs`;
  return [{ path: [...path, 'client_secret'], wrong, right: 'make it longer (RFC 7518 3.2)' }];
}
