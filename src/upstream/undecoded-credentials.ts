import type { ClientAuthentication } from './client-authentication.ts';

/**
 * HTTP Basic as it was before RFC 6749 2.3.1 asked for an encoding, for an
 * upstream that does not decode what it is sent; undefined where both are the
 * same, or where another method authenticates.
 */
export function undecodedCredentials(
  authentication: ClientAuthentication,
): ClientAuthentication | undefined {
  const encoded = /^Basic (\S+)$/.exec(authentication.headers['authorization'] ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const [clientId = '', secret = ''] = pair.split(':').map(formDecoded);
  const plain = `${clientId}:${secret}`;
  // A colon in the client id would be read as the end of it.
  if (plain === pair || clientId.includes(':')) return undefined;
  const authorization = `Basic ${Buffer.from(plain, 'utf8').toString('base64')}`;
  return { ...authentication, headers: { ...authentication.headers, authorization } };
}

function formDecoded(value: string): string {
  return new URLSearchParams(`=${value}`).get('') ?? '';
}
