import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

import { lengthPrefixed } from '../keyed-hash.ts';
import { bytes } from './bytes.ts';

const VERSION = 1;
const IV = 12;
const TAG = 16;

/** A root encrypted under a master key and bound to its name: version (1 byte), IV, ciphertext, tag. */
export function wrapRoot(masterKey: Uint8Array, name: string, root: Uint8Array): Buffer {
  const iv = randomBytes(IV);
  const cipher = createCipheriv('aes-256-gcm', wrappingKey(masterKey), iv).setAAD(bound(name));
  const wrapped = [cipher.update(root), cipher.final()];
  return Buffer.concat([Buffer.of(VERSION), iv, ...wrapped, cipher.getAuthTag()]);
}

/** The root, or undefined when it was not wrapped under this master key and for this name. */
export function unwrapRoot(
  masterKey: Uint8Array,
  name: string,
  wrapped: Uint8Array,
): Buffer | undefined {
  if (wrapped.byteLength <= 1 + IV + TAG || wrapped[0] !== VERSION) return undefined;
  const iv = wrapped.subarray(1, 1 + IV);
  const decipher = createDecipheriv('aes-256-gcm', wrappingKey(masterKey), iv, {
    authTagLength: TAG,
  })
    .setAAD(bound(name))
    .setAuthTag(wrapped.subarray(-TAG));
  try {
    return Buffer.concat([decipher.update(wrapped.subarray(1 + IV, -TAG)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function wrappingKey(masterKey: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, '', 'pairwise-proxy master key', 32));
}

function bound(name: string): Buffer {
  return lengthPrefixed(Buffer.of(VERSION), bytes(name));
}
