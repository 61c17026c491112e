import { randomUUID } from 'node:crypto';

import { userIndex } from '../../../src/database/blind-index.ts';
import { sealCode } from '../../../src/protocol/code.ts';
import { sealGrantToken } from '../../../src/protocol/grant.ts';
import { Seals } from '../../../src/protocol/seals.ts';
import { derivePseudonym } from '../../../src/subjects/derive.ts';
import { mintReleasedSubject } from '../../../src/subjects/released.ts';
import { upstreamNonce } from '../../../src/tokens/derived.ts';
import { Sealer } from '../../../src/tokens/seal.ts';
import { upstreamToken } from './upstream-answers.ts';
import { LOCAL_SUBJECTS, SCOPE, USERS } from './users.ts';
import type { BenchWorld } from './world.ts';
import { newcomerRedirectUri, SECTOR } from './world.ts';

/** Longer than any benchmark, in milliseconds. */
const LIFETIME = 7_200_000;

/** What ten thousand logins would have left with a vendor, sealed with the keys of the world. */
export class VendorTokens {
  readonly #world: BenchWorld;
  readonly #seals: Seals;
  readonly #change: number;

  private constructor(world: BenchWorld, change: number) {
    const kept = () => Promise.reject(new Error('a seal that is too long to travel'));
    this.#world = world;
    this.#seals = new Seals(new Sealer(world.keyring.seal), { put: kept, read: kept }, 4096);
    this.#change = change;
  }

  static async in(world: BenchWorld): Promise<VendorTokens> {
    const head = (await world.db('change_head').first('position')) as { position: string };
    return new VendorTokens(world, Number(head.position));
  }

  /** One a user. */
  async of(purpose: 'access_token' | 'refresh_token', clientId: string): Promise<string[]> {
    const now = new Date();
    const times = { now, expiresAt: new Date(now.getTime() + LIFETIME) };
    const kind = purpose === 'access_token' ? 'access' : 'refresh';
    const { keyring, salt } = this.#world;
    const seal = (localSubject: string, user: number): Promise<string> => {
      const sub = derivePseudonym('hmac-sha256', { sector: SECTOR, localSubject, salt });
      const grant = {
        ...{ id: randomUUID(), clientId, subject: mintReleasedSubject(sub), scope: SCOPE },
        ...({ kind: 'pairwise', mode: 'pairwise', maxAge: undefined, resource: [] } as const),
        ...{ authTimeRequested: false, change: this.#change },
        userIndex: userIndex(keyring.index, SECTOR, localSubject),
      };
      const token = { grant, upstreamToken: upstreamToken(kind, user) };
      return sealGrantToken(this.#seals, purpose, token, times);
    };
    return Promise.all(LOCAL_SUBJECTS.map(seal));
  }

  /** A code for each user's first login at a newcomer; good for five minutes. */
  codesOf(n: number): Promise<string[]> {
    const now = new Date();
    const transaction = {
      ...{ clientId: `newcomer-${n}`, redirectUri: newcomerRedirectUri(n), scope: SCOPE },
      ...{ state: undefined, nonce: randomUUID(), codeChallenge: undefined, maxAge: undefined },
      ...{ browser: randomUUID(), promptNone: false, upstreamPkce: true, resource: [] },
      ...({ responseType: 'code', responseMode: 'query', frontChannel: 'relay' } as const),
      ...{ authTimeRequested: false, hinted: undefined, loginHint: undefined },
      ...{ dpopJkt: undefined, notice: undefined },
    };
    const seal = (_each: unknown, user: number): Promise<string> => {
      const code = { upstreamCode: upstreamToken('code', user), change: this.#change };
      const own = { ...transaction, id: transactionOf(user) };
      return sealCode(this.#seals, { ...code, transaction: own }, now);
    };
    return Promise.all(Array.from({ length: USERS }, seal));
  }
}

/** The nonce towards the upstream in the login to which a user's code belongs. */
export function nonceOf({ keyring }: BenchWorld, user: number): string {
  return upstreamNonce(keyring.seal, transactionOf(user));
}

/** The same for every newcomer, so that the upstream's ID tokens can be signed before. */
function transactionOf(user: number): string {
  return `transaction-${user}`;
}
