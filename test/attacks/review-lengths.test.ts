/*
 * A vendor chooses part of what is sealed beside the upstream's code or token: its
 * nonce, its scope. The seal is padded to buckets; by lengthening its own part until
 * the next bucket is reached, a vendor would learn to the byte how long the other
 * part is, and an upstream token that holds a name is as long as the name makes it:
 * two vendors could compare. So the length of a seal follows from the vendor's own
 * part and the bucket of the upstream's alone.
 */
import { expect, it } from 'vitest';

import { sealCode } from '../../src/protocol/code.ts';
import { openGrantToken, sealGrantToken } from '../../src/protocol/grant.ts';
import { Seals } from '../../src/protocol/seals.ts';
import { newTransactionId } from '../../src/protocol/transaction.ts';
import { mintReleasedSubject } from '../../src/subjects/released.ts';
import { Sealer } from '../../src/tokens/seal.ts';

const NOW = new Date('2026-01-01T12:00:00Z');
const sealer = new Sealer(new Uint8Array(32).fill(7), { maxLength: 262_144 });
const store = {
  put: () => Promise.resolve('by reference'),
  read: () => Promise.resolve(undefined),
};
const seals = new Seals(sealer, store, 1800);

async function profile(upstreamCode: string): Promise<string> {
  const lengths: number[] = [];
  for (let nonce = 1; nonce <= 512; nonce += 1) {
    const transaction = {
      ...{ id: newTransactionId(), clientId: 'acme-web', redirectUri: 'https://acme.example/cb' },
      ...{ state: undefined, nonce: 'n'.repeat(nonce), codeChallenge: 'c'.repeat(43) },
      ...{ scope: 'openid', maxAge: undefined, browser: 'b'.repeat(43) },
      ...{ promptNone: false, upstreamPkce: true, authTimeRequested: false, hinted: undefined },
      ...({ responseType: 'code', responseMode: 'query', frontChannel: 'relay' } as const),
      ...{ resource: [], loginHint: undefined, dpopJkt: undefined, notice: undefined },
    };
    const code = await sealCode(seals, { upstreamCode, transaction, change: 7 }, NOW);
    lengths.push(code.length);
  }
  return lengths.join(' ');
}

async function tokenProfile(upstreamToken: string): Promise<string> {
  const lengths: number[] = [];
  for (let scopes = 1; scopes <= 512; scopes += 1) {
    const grant = {
      ...{ id: 'g'.repeat(22), clientId: 'acme-web', subject: mintReleasedSubject('p'.repeat(52)) },
      ...({ kind: 'pairwise', mode: 'pairwise', userIndex: new Uint8Array(32) } as const),
      ...{ scope: 'o'.repeat(scopes), maxAge: undefined, authTimeRequested: false, change: 7 },
      resource: [],
    };
    const times = { now: NOW, expiresAt: new Date(NOW.getTime() + 1000) };
    const token = await sealGrantToken(seals, 'access_token', { grant, upstreamToken }, times);
    lengths.push(token.length);
    const opened = await openGrantToken(seals, 'access_token', token, NOW);
    expect(opened.ok && opened.value.upstreamToken).toBe(upstreamToken);
  }
  return lengths.join(' ');
}

it('an access token tells nothing of how long the name in the upstream token is', async () => {
  const jwt = (name: string) =>
    ['{"alg":"RS256"}', `{"sub":"${name}"}`, 's'.repeat(256)]
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.');
  expect(await tokenProfile(jwt('bartholomew'))).toBe(await tokenProfile(jwt('al')));
});

it('a code tells nothing of how long the upstream code is, but for its bucket', async () => {
  const short = await profile('a'.repeat(130));
  expect(await profile('a'.repeat(131))).toBe(short);
  expect(await profile('a'.repeat(180))).toBe(short);
});
