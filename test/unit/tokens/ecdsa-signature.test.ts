import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { ecdsaFromDer, ecdsaToDer } from '../../../src/tokens/ecdsa-signature.ts';

const SIZE = 32;
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** r and s with so many leading zero bytes, which DER leaves out, or a leading bit, which it guards. */
function numbers(zeros: number, first: number): Buffer {
  const number = Buffer.alloc(SIZE, 0xa5).fill(0, 0, zeros);
  if (zeros < SIZE) number[zeros] = first;
  return number;
}

test('what node:crypto signs holds in the form of JOSE, and back again', () => {
  // One in 256 has a shorter r, and one in 256 a shorter s.
  for (let n = 0; n < 600; n += 1) {
    const der = sign('sha256', Buffer.from(`text ${n}`), pair.privateKey);
    const jose = ecdsaFromDer(der, SIZE);
    const key = { key: pair.publicKey, dsaEncoding: 'ieee-p1363' } as const;
    if (n < 20) expect(verify('sha256', Buffer.from(`text ${n}`), key, jose)).toBe(true);
    expect(ecdsaToDer(jose, SIZE)).toEqual(der);
  }
});

test('numbers keep their place however short they are', () => {
  for (const zeros of [0, 1, 2, 31]) {
    for (const first of [0x01, 0x7f, 0x80, 0xff]) {
      const jose = Buffer.concat([numbers(zeros, first), numbers(0, 0x80)]);
      const der = ecdsaToDer(jose, SIZE);
      expect(der && ecdsaFromDer(der, SIZE)).toEqual(jose);
    }
  }
});

test('a signature of another length is none', () => {
  expect(ecdsaToDer(Buffer.alloc(63), SIZE)).toBeUndefined();
  expect(ecdsaToDer(Buffer.alloc(65), SIZE)).toBeUndefined();
  expect(ecdsaToDer(Buffer.alloc(0), SIZE)).toBeUndefined();
  expect(ecdsaToDer(Buffer.alloc(130, 0xff), 65)).toBeUndefined();
});
