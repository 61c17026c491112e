import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

describe.each(['sqlite', 'mysql'] as const)('two vendors behind the proxy, on %s', (dialect) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld(undefined, { dialect });
  });
  afterAll(() => world.close());

  it('gives the same user two different subjects, and keeps each on the next login', async () => {
    const browser = new Browser();
    const acme = await world.vendor('acme').logIn(browser, 'alice');
    const bolt = await world.vendor('bolt').logIn(browser, 'alice');
    const again = await world.vendor('acme').logIn(new Browser(), 'alice');

    const subject = (tokens: { idToken?: string | undefined }) =>
      decodeJwt(tokens.idToken ?? '').sub;
    expect(subject(acme)).toMatch(/^[a-z2-7]{52}$/);
    expect(subject(bolt)).toMatch(/^[a-z2-7]{52}$/);
    expect(subject(acme)).not.toBe(subject(bolt));
    expect(subject(again)).toBe(subject(acme));
  });
});
