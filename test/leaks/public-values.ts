import { VendorRecord } from '../support/recorder.ts';
import { valuesIn } from '../support/decode.ts';

/**
 * What two vendors may have in common because it says nothing of a user: fixed
 * texts of the protocols and of our own headers.
 */
const PUBLIC_VALUES: ReadonlySet<string> = new Set([
  'application/json',
  'application/json; charset=utf-8',
  'charset=utf-8',
  'keep-alive',
  'timeout=5',
  'no-store',
  'no-cache',
  'max-age=300',
  // RFC 8693 2.2.1: what is issued, by its kind.
  'urn:ietf:params:oauth:token-type:access_token',
  // The path of both vendors' redirect URIs.
  'callback',
]);

/** Everything that somebody is told who never had a user log in: discovery, keys, an error. */
export async function strangersRecord(issuer: string): Promise<ReadonlySet<string>> {
  const record = new VendorRecord();
  await record.fetch(`${issuer}/.well-known/openid-configuration`);
  const jwks = await record.fetch(`${issuer}/oidc/jwks`);
  await record.fetch(`${issuer}/oidc/token`, { method: 'POST' });
  const { keys } = (await jwks.json()) as { keys: readonly { kid: string; alg: string }[] };
  // The protected header of every token that is signed with a key.
  const headers = keys.flatMap(({ alg, kid }) =>
    [
      { alg, typ: 'JWT', kid },
      { alg, kid },
    ].map((header) => JSON.stringify(header)),
  );
  const encoded = headers.map((header) => Buffer.from(header).toString('base64url'));
  const values = record.received.flatMap(({ text }) => [...valuesIn(text)]);
  return new Set([...values, ...headers, ...encoded]);
}

/** Whether a value that two vendors share says nothing of a user. */
export function isPublic(value: string, stranger: ReadonlySet<string>): boolean {
  // The Date header of answers within one second.
  const isDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} (\d{2}:){2}\d{2} GMT$/.test(value);
  const isTime = /^(\d{2}:){2}\d{2}$/.test(value);
  return isDate || isTime || PUBLIC_VALUES.has(value) || stranger.has(value);
}
