import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { LegacyUser } from '../../demo/legacy-idp/users.ts';
import { Browser } from '../support/browser.ts';
import type { TestProxy } from '../support/proxy.ts';
import type { Answered } from '../support/steps.ts';
import { authorize, basic, postForm } from '../support/steps.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

/*
 * Users whom nobody has met yet log in twice at once, and each replica redeems
 * one of the codes at the same moment. Both must tell the vendor the same sub,
 * also where the pseudonym is random and only the database can agree on it.
 */

const USERS: readonly LegacyUser[] = Array.from({ length: 6 }, (_, n) => ({
  username: `newcomer-${n}`,
  password: `newcomer-${n}-password`,
  givenName: `Given${n}`,
  familyName: `Family${n}`,
}));

describe.each(
  (['sqlite', 'mysql'] as const).flatMap((dialect) =>
    (['hmac-sha256', 'oidc-sha256', 'random'] as const).map((algorithm) => ({
      dialect,
      algorithm,
    })),
  ),
)('$algorithm on $dialect', ({ dialect, algorithm }) => {
  let world: World;
  let replica: TestProxy;
  beforeAll(async () => {
    world = await createWorld([{ id: 'acme' }, { id: 'bolt' }], {
      dialect,
      environment: { PSEUDONYM_ALGORITHM: algorithm },
      upstream: { users: USERS },
    });
    replica = await world.proxy.replica();
  });
  afterAll(async () => {
    await replica.close();
    await world.close();
  });

  it('two replicas that meet new users at the same moment give each one sub', async () => {
    const arrivals = await Promise.all(
      USERS.map(async ({ username }) => {
        const browser = new Browser();
        const first = await authorize(world.vendor('acme'), browser, username);
        const second = await authorize(world.vendor('acme'), browser, username);
        return { first, second };
      }),
    );
    const subjects = await Promise.all(
      arrivals.flatMap(({ first, second }) => [
        subjectFrom(world.proxy, 'acme', first),
        subjectFrom(replica, 'acme', second),
      ]),
    );
    for (let user = 0; user < USERS.length; user += 1) {
      expect(subjects[2 * user]).toMatch(/^[\w-]{26,52}$/);
      expect(subjects[2 * user + 1]).toBe(subjects[2 * user]);
    }
    expect(new Set(subjects).size).toBe(USERS.length);
  });

  it('and another vendor gets other ones', async () => {
    const [user] = USERS;
    const browser = new Browser();
    const acme = await world.vendor('acme').logIn(browser, user?.username ?? '');
    const bolt = await world.vendor('bolt').logIn(browser, user?.username ?? '');
    expect(bolt.claims['sub']).not.toBe(acme.claims['sub']);
  });
});

async function subjectFrom(
  proxy: TestProxy,
  id: string,
  { callback, pending }: Answered,
): Promise<string> {
  const answer = await postForm(
    `${proxy.issuer}/oidc/token`,
    {
      grant_type: 'authorization_code',
      code: callback.searchParams.get('code') ?? '',
      redirect_uri: callback.origin + callback.pathname,
      code_verifier: pending.codeVerifier,
    },
    basic(`${id}-web`, vendorSecret(id)),
  );
  expect(answer.body).toHaveProperty('id_token');
  return String(decodeJwt(String(answer.body['id_token'])).sub);
}
