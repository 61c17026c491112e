import { Refusal } from '../errors.ts';
import type { EncryptionTarget } from '../tokens/encrypt.ts';
import type { Client } from '../vendors/client.ts';
import type { ClientKey } from '../vendors/client-keys.ts';
import type { ContentEncryption, KeyManagement } from '../vendors/encryption-keys.ts';
import { encryptionKey } from '../vendors/encryption-keys.ts';

/** The public keys of a client, registered or fetched. */
export type KeysOf = (client: Client) => Promise<readonly ClientKey[]>;

/** How a client wants something encrypted, as it registered it. */
export interface EncryptionWish {
  readonly alg: KeyManagement | undefined;
  readonly enc: ContentEncryption | undefined;
}

/**
 * To whom and how an answer is encrypted; undefined: it is not.
 *
 * @throws Refusal `client_key_missing`, and those of `keysOf`
 */
export async function encryptionTarget(
  client: Client,
  { alg, enc }: EncryptionWish,
  keysOf: KeysOf,
): Promise<EncryptionTarget | undefined> {
  if (alg === undefined) return undefined;
  const key = encryptionKey(await keysOf(client), alg);
  if (key === undefined) throw new Refusal('client_key_missing', `none of its keys fits ${alg}`);
  return { key, alg, enc: enc ?? 'A128CBC-HS256' };
}
