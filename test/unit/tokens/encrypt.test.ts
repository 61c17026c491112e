import { compactDecrypt, decodeProtectedHeader, exportJWK, generateKeyPair } from 'jose';
import { expect, test } from 'vitest';

import { encryptClaims, encryptJwt } from '../../../src/tokens/encrypt.ts';

const pair = await generateKeyPair('ECDH-ES', { extractable: true });
const key = await exportJWK(pair.publicKey);
const target = { key: { ...key, kid: 'theirs' }, alg: 'ECDH-ES', enc: 'A256GCM' };

async function opened(encrypted: Awaited<ReturnType<typeof encryptJwt>>) {
  if (!encrypted.ok) throw new Error(encrypted.reason);
  const { plaintext } = await compactDecrypt(encrypted.value, pair.privateKey);
  const { epk: _epk, ...header } = decodeProtectedHeader(encrypted.value);
  return { header, text: new TextDecoder().decode(plaintext) };
}

test('a signed token comes out as it was, and says that it is one', async () => {
  expect(await opened(await encryptJwt('a.b.c', target))).toEqual({
    header: { alg: 'ECDH-ES', enc: 'A256GCM', kid: 'theirs', cty: 'JWT' },
    text: 'a.b.c',
  });
});

test('claims come out as JSON, and are not called a token', async () => {
  expect(await opened(await encryptClaims({ sub: 'p' }, target))).toEqual({
    header: { alg: 'ECDH-ES', enc: 'A256GCM', kid: 'theirs' },
    text: '{"sub":"p"}',
  });
});

test('a key without a name is not given one', async () => {
  const { header } = await opened(await encryptJwt('a.b.c', { ...target, key }));
  expect(header).not.toHaveProperty('kid');
});

test('a key that cannot be used is a key that is missing', async () => {
  const encrypted = await encryptJwt('a.b.c', { ...target, key: { ...key, x: 'AA' } });
  expect(encrypted).toMatchObject({ ok: false, reason: 'client_key_missing' });
});
