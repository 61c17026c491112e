// The attacker holds many seals of his own, knows the code and the clock, and
// may cut, join, re-spell and re-label them. He must get one of two answers,
// and never contents. He may also measure lengths.
import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { describe, expect, test } from 'vitest';
import { Sealer, type Purpose, type SealContents } from '../../../src/tokens/seal.ts';

const root = Buffer.alloc(32, 7);
const now = new Date('2030-03-04T05:06:07.000Z');
const expiresAt = new Date('2030-03-04T06:00:00.000Z');
const times = { now, expiresAt };
const day = 21_977;
const purposes: readonly Purpose[] = ['transaction', 'code', 'access_token', 'refresh_token'];
const sealer = new Sealer(root);
const contents = { client: 'acme', upstream: 'opaque', n: [1, 2.5, true, null], at: 17 };

function dayKey(kid: string, from: Uint8Array = root): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', from, '', `pairwise-proxy seal ${kid}`, 32));
}

function headerOf(token: string): string {
  return Buffer.from(token.split('.')[0] ?? '', 'base64url').toString();
}

async function reasonOf(purpose: Purpose, token: string, at = now): Promise<string> {
  const opened = await sealer.unseal(purpose, token, at);
  return opened.ok ? 'opened' : opened.reason;
}

/** A seal made by hand with the right key: what a future or careless version might write. */
async function forged(header: Record<string, unknown>, plaintext: Uint8Array): Promise<string> {
  return new CompactEncrypt(plaintext)
    .setProtectedHeader(header as { alg: string; enc: string })
    .encrypt(dayKey(`1.c.${day}`));
}

describe('a seal', () => {
  test.each(purposes)('gives back what was sealed for %s, and when it expires', async (purpose) => {
    const token = await sealer.seal(purpose, contents, times);
    expect(await sealer.unseal(purpose, token, now)).toEqual({
      ok: true,
      value: { contents, expiresAt },
    });
  });

  test('names only its version, purpose and day', async () => {
    const token = await sealer.seal('refresh_token', contents, times);
    expect(headerOf(token)).toBe(`{"alg":"dir","enc":"A256GCM","kid":"1.r.${day}"}`);
  });

  test('opens in a standard library that has the key of the day', async () => {
    const token = await sealer.seal('code', contents, times);
    const { plaintext, protectedHeader } = await compactDecrypt(token, dayKey(`1.c.${day}`));
    expect(protectedHeader.kid).toBe(`1.c.${day}`);
    expect(Buffer.from(plaintext).includes('acme')).toBe(true);
  });

  test('opens when another implementation wrote it (known answer)', async () => {
    const header = Buffer.from(`{"alg":"dir","enc":"A256GCM","kid":"1.c.${day}"}`).toString(
      'base64url',
    );
    const iv = Buffer.alloc(12, 1);
    const cipher = createCipheriv('aes-256-gcm', dayKey(`1.c.${day}`), iv);
    cipher.setAAD(Buffer.from(header, 'ascii'));
    // [1898834400000, {"a": "b"}] in CBOR, then padding.
    const plaintext = Buffer.concat([
      Buffer.from('821b000001ba1b4dd600a161616162', 'hex'),
      Buffer.alloc(241),
    ]);
    const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    const token = [header, '', iv, ciphertext, cipher.getAuthTag()]
      .map((part) => (typeof part === 'string' ? part : part.toString('base64url')))
      .join('.');
    expect(await sealer.unseal('code', token, now)).toEqual({
      ok: true,
      value: { contents: { a: 'b' }, expiresAt: new Date(0x01ba1b4dd600) },
    });
  });

  test('is new every time', async () => {
    const one = await sealer.seal('code', contents, times);
    expect(await sealer.seal('code', contents, times)).not.toBe(one);
  });

  test('opens on later days until it expires, to the millisecond', async () => {
    const later = new Date('2030-04-09T00:00:00.000Z');
    const token = await sealer.seal('refresh_token', contents, { now, expiresAt: later });
    expect(await reasonOf('refresh_token', token, new Date(later.getTime() - 1))).toBe('opened');
    expect(await reasonOf('refresh_token', token, later)).toBe('seal_expired');
  });

  test('of a replica whose clock is a little ahead opens before midnight', async () => {
    const midnight = new Date('2030-03-05T00:00:00.000Z');
    const end = new Date('2030-03-05T01:00:00.000Z');
    const token = await sealer.seal('code', contents, { now: midnight, expiresAt: end });
    expect(await reasonOf('code', token, new Date('2030-03-04T23:59:00.000Z'))).toBe('opened');
  });

  test('keeps any contents: text, numbers, bytes, lists and maps', async () => {
    const name = fc.string({ unit: 'binary' }).filter((text) => !text.startsWith('\ufeff'));
    const { value } = fc.letrec<{ value: SealContents[string] }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: 'binary' }),
        // Decoders like to take this for a byte order mark, and one user for another.
        fc.string({ unit: 'binary' }).map((text) => `\ufeff${text}`),
        fc.stringMatching(/^[A-Za-z0-9_-]{0,9}(\.[A-Za-z0-9_-]{0,9}){2,4}$/),
        fc.maxSafeInteger(),
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Number.isInteger(n)),
        fc.boolean(),
        fc.constant(null),
        fc.uint8Array().map((bytes) => new Uint8Array(bytes)),
        fc.array(tie('value')),
        fc.dictionary(name, tie('value'), { noNullPrototype: true }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), value), async (any) => {
        const token = await sealer.seal('code', any, times);
        const opened = await sealer.unseal('code', token, now);
        expect(opened.ok && opened.value.contents).toEqual({ ...any });
      }),
    );
  });

  test('does not touch any prototype, whatever the names', async () => {
    const hostile = JSON.parse('{"__proto__":{"admin":true},"constructor":1}') as SealContents;
    const opened = await sealer.unseal('code', await sealer.seal('code', hostile, times), now);
    expect(opened.ok && Object.keys(opened.value.contents).sort()).toEqual([
      '__proto__',
      'constructor',
    ]);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test.each([
    ['undefined', { a: undefined }],
    ['a date', { a: new Date() }],
    ['a lone surrogate', { a: '\ud800' }],
    ['not a number', { a: Number.NaN }],
    ['an unsafe integer', { a: 2 ** 53 }],
    ['a big integer', { a: 1n }],
    ['a map', { a: new Map() }],
    ['a name that a decoder would shorten', { '\ufeffa': 1 }],
  ])('is not made of what would not come back: %s', async (_name, value) => {
    const sealing = sealer.seal('code', value as unknown as SealContents, times);
    await expect(sealing).rejects.toThrow(TypeError);
  });

  test('is not made without a real expiry', async () => {
    const sealing = sealer.seal('code', contents, { now, expiresAt: new Date(Number.NaN) });
    await expect(sealing).rejects.toThrow(TypeError);
  });
});

describe('a seal does not open', () => {
  test('for another purpose', async () => {
    for (const sealed of purposes) {
      const token = await sealer.seal(sealed, contents, times);
      for (const asked of purposes) {
        expect(await reasonOf(asked, token)).toBe(sealed === asked ? 'opened' : 'seal_malformed');
      }
    }
  });

  test('when its header is exchanged for one of another purpose or day', async () => {
    const code = await sealer.seal('code', contents, times);
    for (const kid of [`1.r.${day}`, `1.c.${day - 1}`, `2.c.${day}`]) {
      const header = Buffer.from(headerOf(code).replace(`1.c.${day}`, kid)).toString('base64url');
      const moved = [header, ...code.split('.').slice(1)].join('.');
      expect(await reasonOf('code', moved)).toBe('seal_malformed');
      expect(await reasonOf('refresh_token', moved)).toBe('seal_malformed');
    }
  });

  test('under another root', async () => {
    const foreign = await new Sealer(randomBytes(32)).seal('code', contents, times);
    expect(await reasonOf('code', foreign)).toBe('seal_malformed');
  });

  test('when it was sealed on a day to come', async () => {
    const tomorrow = new Date('2030-03-05T00:00:00.000Z');
    const end = new Date('2030-03-06T00:00:00.000Z');
    const token = await sealer.seal('code', contents, { now: tomorrow, expiresAt: end });
    expect(await reasonOf('code', token, now)).toBe('seal_malformed');
  });

  test('with any one character changed, left out or added', async () => {
    const token = await sealer.seal('code', contents, times);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n';
    await fc.assert(
      fc.asyncProperty(
        fc.nat(token.length - 1),
        fc.constantFrom(...alphabet.split('')),
        fc.constantFrom('change', 'drop', 'add'),
        async (at, character, how) => {
          const middle = { change: character, drop: '', add: character + token.charAt(at) }[how];
          const altered = token.slice(0, at) + middle + token.slice(at + 1);
          fc.pre(altered !== token);
          expect(await reasonOf('code', altered)).toBe('seal_malformed');
        },
      ),
      { numRuns: 500 },
    );
  });

  test('in any second spelling of its last characters (stray bits of base64url)', async () => {
    const token = await sealer.seal('code', contents, times);
    const segments = token.split('.');
    for (const index of [0, 2, 3, 4]) {
      for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
        const other = segments.with(index, (segments[index] ?? '').slice(0, -1) + character);
        if (other.join('.') === token) continue;
        expect(await reasonOf('code', other.join('.'))).toBe('seal_malformed');
      }
    }
  });

  test('truncated to any length', async () => {
    const token = await sealer.seal('code', contents, times);
    for (let length = 0; length < token.length; length += 1) {
      expect(await reasonOf('code', token.slice(0, length))).toBe('seal_malformed');
    }
  });

  test('made of any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        expect(await reasonOf('code', text)).toBe('seal_malformed');
      }),
    );
  });

  test('assembled from the parts of two seals', async () => {
    const one = (await sealer.seal('code', contents, times)).split('.');
    const two = (await sealer.seal('code', { ...contents, client: 'evil' }, times)).split('.');
    for (const index of [2, 3, 4]) {
      const mixed = one.with(index, two[index] ?? '').join('.');
      expect(await reasonOf('code', mixed)).toBe('seal_malformed');
    }
  });

  // Under the right key: defence against our own later mistakes.
  const header = { alg: 'dir', enc: 'A256GCM', kid: `1.c.${day}` };
  const plain = Buffer.concat([Buffer.from('821b000001ba1b4dd600a0', 'hex'), Buffer.alloc(245)]);

  test('never compressed: a zip member is refused, though the key is right', async () => {
    expect(await reasonOf('code', await forged(header, plain))).toBe('opened');
    const zipped = await forged({ ...header, zip: 'DEF' }, plain);
    expect(await reasonOf('code', zipped)).toBe('seal_malformed');
  });

  test.each([
    ['a member more', { ...header, typ: 'JWT' }],
    ['a critical extension', { ...header, b64: false }],
    ['another order', { kid: header.kid, alg: 'dir', enc: 'A256GCM' }],
    ['no key id', { alg: 'dir', enc: 'A256GCM' }],
    ['a padded day', { ...header, kid: `1.c.0${day}` }],
  ])('with %s in the header', async (_name, other) => {
    expect(await reasonOf('code', await forged(other, plain))).toBe('seal_malformed');
  });

  test.each([
    ['nothing', ''],
    ['no expiry', '81a0'],
    ['an expiry that is no number', '826161a0'],
    ['a list instead of contents', '821b000001ba1b4dd60080'],
    ['a list of three', '831b000001ba1b4dd600a0a0'],
    ['something after the contents', '821b000001ba1b4dd600a001'],
    ['a name twice', '821b000001ba1b4dd600a2616101616102'],
    ['undefined', '821b000001ba1b4dd600a16161f7'],
    ['a wide integer', '821b000001ba1b4dd600a161611801'],
  ])('holding %s', async (_name, hex) => {
    const token = await forged(header, Buffer.from(hex, 'hex'));
    expect(await reasonOf('code', token)).toBe('seal_malformed');
  });
});

describe('the length of a seal', () => {
  test('tells only its bucket', async () => {
    const lengths = new Set<number>();
    for (let size = 0; size < 2000; size += 7) {
      lengths.add((await sealer.seal('code', { v: 'x'.repeat(size) }, times)).length);
    }
    expect(lengths.size).toBe(7);
  });

  test('does not depend on whether vendor-chosen text resembles a secret', async () => {
    const secret = randomBytes(200).toString('hex');
    const alike = await sealer.seal('code', { secret, state: secret }, times);
    const different = await sealer.seal(
      'code',
      { secret, state: randomBytes(200).toString('hex') },
      times,
    );
    expect(alike.length).toBe(different.length);
  });

  test('saves what base64url costs a token in three or five segments', async () => {
    const jwt = [60, 900, 256].map((size) => randomBytes(size).toString('base64url')).join('.');
    const packed = await sealer.seal('code', { token: jwt }, times);
    expect(packed.length).toBeLessThan((await sealer.seal('code', { a: `${jwt}!` }, times)).length);
  });

  test('has a limit in both directions', async () => {
    const token = await sealer.seal('code', contents, times);
    const exact = new Sealer(root, { maxLength: token.length });
    expect(
      await exact.unseal('code', await exact.seal('code', contents, times), now),
    ).toMatchObject({
      ok: true,
    });
    const small = new Sealer(root, { maxLength: 500 });
    await expect(small.seal('code', { v: 'x'.repeat(900) }, times)).rejects.toThrow(RangeError);
    const large = await sealer.seal('code', { v: 'x'.repeat(900) }, times);
    expect(await small.unseal('code', large, now)).toMatchObject({ reason: 'seal_malformed' });
  });
});

test('a root below 32 bytes is refused', () => {
  expect(() => new Sealer(new Uint8Array(31))).toThrow(RangeError);
});
