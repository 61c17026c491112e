import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { derivePseudonym, randomPseudonym } from '../../../src/subjects/derive.ts';
import type { PseudonymAlgorithm } from '../../../src/config/types.ts';

const SALT = Buffer.from('a-salt-for-the-test-vectors-0123456789');

/*
 * Computed with OpenSSL and coreutils, for S the salt, A the sector, B the local subject:
 *   hmac: { lp A; lp B; } | openssl dgst -sha256 -mac HMAC -macopt hexkey:$(printf %s S | xxd -p -c 200)
 *           -binary | base32 -w0 | tr A-Z a-z | tr -d =
 *         where lp X prints the byte length of X as four bytes, big-endian, then X
 *   oidc: printf %s%s%s A B S | openssl dgst -sha256 -binary | base64 -w0 | tr '+/' '-_' | tr -d =
 */
const VECTORS = [
  {
    sector: 'example.com',
    localSubject: 'user-12345',
    hmac: '7afdxa2ham2hdioa52ciuxl25e6cglkvjctwp4mcenjc3syqyz2a',
    oidc: 'pL44qfe4S9tEfnpvM92fD4ru6-30F69S0lg3lpTxszI',
  },
  {
    sector: 'example.com:8080',
    localSubject: 'user-12345',
    hmac: 'fs34ijgn7mmxhy755cq7m7nnwjsehhx5jji7rg3hve3aiyhgu76a',
    oidc: 'G6vlusmdXMtrIjncKNPqKmIHYpJr0180OdoEoGmLrO8',
  },
  {
    sector: 'example.co',
    localSubject: 'm42',
    hmac: '36k5rbrkaq27iwijobl5zirhgjqljdxlxv2v6d2aaic3itctu73q',
    oidc: 'Ny0-YeaKwUsV6Ul6qAPsQiErOydSOA897zFxeHDtXtQ',
  },
  {
    sector: 'example.com',
    localSubject: '42',
    hmac: 'dykouqqjbbqzetaptot4yyilgtmv4fcoxef3budotjfvs77iphea',
    oidc: 'Ny0-YeaKwUsV6Ul6qAPsQiErOydSOA897zFxeHDtXtQ',
  },
  {
    sector: 'client:native-app',
    localSubject: 'Ünïcødé 用户 🙂',
    hmac: 'ofb3zvolb3k4ui2awpialdxnudltfjzyyapyasm2pvvjhgbvi2qa',
    oidc: 'EdOT_Tl3z2rPFXIFXh16gGn57QzWBzCMb3l_no0pRGw',
  },
] as const;

const inputs = fc.record({
  sector: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
  localSubject: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
  salt: fc.uint8Array({ minLength: 32, maxLength: 64 }),
});

describe('fixed vectors', () => {
  it.each(VECTORS)('$sector, $localSubject', ({ sector, localSubject, hmac, oidc }) => {
    const input = { sector, localSubject, salt: SALT };
    expect(derivePseudonym('hmac-sha256', input)).toBe(hmac);
    expect(derivePseudonym('oidc-sha256', input)).toBe(oidc);
  });

  it('oidc-sha256 takes a salt of any UTF-8 text', () => {
    const salt = Buffer.from('短い塩');
    expect(
      derivePseudonym('oidc-sha256', { sector: 'example.com', localSubject: 'user-12345', salt }),
    ).toBe('WTKMt0e_6Xc0ZvQ-dDiX0iej1TTUEjf6KJnUPcak9iM');
  });
});

describe('oidc-sha256', () => {
  it('is the formula of other implementations, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(
        inputs,
        fc.string({ unit: 'grapheme', minLength: 1 }),
        async ({ sector, localSubject }, salt) => {
          expect(
            derivePseudonym('oidc-sha256', { sector, localSubject, salt: Buffer.from(salt) }),
          ).toBe(await generatePairwiseSubject(localSubject, sector, salt));
        },
      ),
    );
  });

  it('is ambiguous where sector and local subject meet, which is why it is not the default', () => {
    const [, , first, second] = VECTORS;
    expect(first.oidc).toBe(second.oidc);
    expect(first.hmac).not.toBe(second.hmac);
  });
});

describe('hmac-sha256', () => {
  it('tells every split of the same text apart', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 3, maxLength: 40 }),
        fc.nat(),
        fc.nat(),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (joined, first, second, salt) => {
          const place = (at: number) => 1 + (at % (joined.length - 1));
          const split = (at: number) => ({
            sector: joined.slice(0, place(at)),
            localSubject: joined.slice(place(at)),
            salt,
          });
          fc.pre(place(first) !== place(second));
          fc.pre(split(first).sector.isWellFormed() && split(second).sector.isWellFormed());
          expect(derivePseudonym('hmac-sha256', split(first))).not.toBe(
            derivePseudonym('hmac-sha256', split(second)),
          );
        },
      ),
    );
  });
});

describe.each(['hmac-sha256', 'oidc-sha256'] as const)('%s', (algorithm) => {
  it('gives the same subject for the same input', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        expect(derivePseudonym(algorithm, { ...input })).toBe(derivePseudonym(algorithm, input));
      }),
    );
  });

  it.each(['sector', 'localSubject', 'salt'] as const)('gives another for another %s', (member) => {
    fc.assert(
      fc.property(inputs, inputs, (input, other) => {
        const changed = { ...input, [member]: other[member] };
        fc.pre(Buffer.compare(Buffer.from(input[member]), Buffer.from(changed[member])) !== 0);
        expect(derivePseudonym(algorithm, changed)).not.toBe(derivePseudonym(algorithm, input));
      }),
    );
  });

  it('compares bytes: neither case nor composition nor blanks are folded', () => {
    const subjects = ['bob', 'Bob', 'bob ', 'b\u00f6b', 'bo\u0308b'];
    const seen = subjects.map((localSubject) =>
      derivePseudonym(algorithm, { sector: 'example.com', localSubject, salt: SALT }),
    );
    expect(new Set(seen).size).toBe(subjects.length);
  });
});

describe('the form of a pseudonym', () => {
  it.each<[PseudonymAlgorithm, RegExp]>([
    ['hmac-sha256', /^[a-z2-7]{52}$/],
    ['oidc-sha256', /^[A-Za-z0-9_-]{43}$/],
    ['random', /^[a-z2-7]{52}$/],
  ])('%s: %s', (algorithm, form) => {
    fc.assert(
      fc.property(inputs, (input) => {
        expect(derivePseudonym(algorithm, input)).toMatch(form);
      }),
    );
  });

  it('random ones never repeat', () => {
    const seen = new Set(Array.from({ length: 1000 }, randomPseudonym));
    expect(seen.size).toBe(1000);
  });
});

/** The published formula of OpenID Connect Core 8.1 as another system implements it. */
async function generatePairwiseSubject(
  localAccountId: string,
  sectorIdentifier: string,
  salt: string,
): Promise<string> {
  const data = `${sectorIdentifier}${localAccountId}${salt}`;
  const hashBuffer = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(data));
  const base64 = btoa(String.fromCharCode(...new Uint8Array(hashBuffer)));
  return base64.replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
}

describe('without its ingredients', () => {
  it.each([
    ['a sector', { sector: '' }],
    ['a salt', { salt: new Uint8Array() }],
  ])('there is no pseudonym: %s', (_name, missing) => {
    const input = { sector: 'a.example', localSubject: 'alice', salt: Buffer.from('salt') };
    for (const algorithm of ['hmac-sha256', 'oidc-sha256', 'random'] as const) {
      expect(() => derivePseudonym(algorithm, { ...input, ...missing })).toThrow(/is required/);
    }
  });
});
