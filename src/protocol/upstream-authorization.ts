import { upstreamCodeVerifier, upstreamNonce } from '../tokens/derived.ts';
import { codeChallenge } from '../tokens/pkce.ts';
import type { Client } from '../vendors/client.ts';
import type { Transaction } from './transaction.ts';

/**
 * The parameters of an authorization request that decide who gets what, and how.
 * A browser may not change any of them on the way to the upstream.
 */
const PROTECTED = [
  'client_id',
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'request',
  'request_uri',
  'claims',
  'login_hint',
  'id_token_hint',
  'resource',
  'authorization_details',
  'registration',
] as const;

/** The `client_id` that the upstream knows this client by. */
function upstreamClientId(client: Client): string {
  return client.upstream?.clientId ?? client.clientId;
}

/** The redirect URI that the upstream sees: the vendor's own through the relay, else our callback. */
export function upstreamRedirectUri(issuer: string, transaction: Transaction): string {
  return transaction.frontChannel === 'callback'
    ? `${issuer}/oidc/callback`
    : transaction.redirectUri;
}

/** The protected parameters of the request that belongs to a transaction. */
export function upstreamAuthorization(
  { issuer, sealRoot }: { readonly issuer: string; readonly sealRoot: Uint8Array },
  transaction: Transaction,
  client: Client,
): URLSearchParams {
  const parameters = new URLSearchParams({
    client_id: upstreamClientId(client),
    redirect_uri: upstreamRedirectUri(issuer, transaction),
    response_type: 'code',
    scope: transaction.scope,
    nonce: upstreamNonce(sealRoot, transaction.id),
  });
  if (transaction.upstreamPkce) {
    const verifier = upstreamCodeVerifier(sealRoot, transaction.id);
    parameters.set('code_challenge', codeChallenge(verifier));
    parameters.set('code_challenge_method', 'S256');
  }
  if (transaction.loginHint !== undefined) parameters.set('login_hint', transaction.loginHint);
  // Of a client with JWT access tokens they are known here alone.
  const passed = client.metadata.access_token_format === 'jwt' ? [] : transaction.resource;
  for (const resource of passed) parameters.append('resource', resource);
  return parameters;
}

/**
 * Whether a request that reached the upstream's authorize address is the one
 * that the transaction stands for. Parameters that the upstream adds for itself
 * while a login goes on are left alone.
 */
export function isUnaltered(sent: URLSearchParams, expected: URLSearchParams): boolean {
  if ([...sent.keys()].some(isDisguised)) return false;
  return PROTECTED.every((name) => {
    const values = sent.getAll(name);
    const wanted = expected.getAll(name);
    return values.length === wanted.length && values.every((value, at) => value === wanted[at]);
  });
}

const OURS: ReadonlySet<string> = new Set([...PROTECTED, 'state']);

/** Whether some server would take this for a parameter of ours that is spelled in another way. */
function isDisguised(name: string): boolean {
  return !OURS.has(name) && OURS.has(looselyRead(name));
}

// Without letter case (ASP.NET), with `.` and blanks as `_` and `name[]` as a list (PHP), trimmed.
function looselyRead(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .trim()
    .replace(/\[.*$/s, '')
    .replaceAll(/[\s.]/g, '_');
}
