/*
 * A vendor's page, or the user, changes the authorization request on its way through
 * the browser. Our own parameters must arrive unaltered; but many servers read names
 * in another way than we do: ASP.NET without letter case, PHP with `.` and blanks as
 * `_` and with `name[]` as a list, others trimmed. `Response_Type=id_token` beside
 * our `response_type=code` would win there.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ask, vendorByHand } from '../support/by-hand.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

describe('an authorization request with a second spelling of a parameter', () => {
  let world: World;
  let address: URL;
  beforeAll(async () => {
    world = await createWorld([{ id: 'acme' }]);
    const { headers } = await ask(vendorByHand(world, 'acme').request().url);
    address = new URL(headers.get('location') ?? '');
  });
  afterAll(() => world.close());

  it.each([
    'Response_Type',
    'RESPONSE_MODE',
    'response.type',
    'response type',
    ' response_type',
    'response_type ',
    'response_type[]',
    'response_type[0]',
    'scope[]',
    'Login_Hint',
    'id.token.hint',
    'State',
    'state[]',
    'reſponse_type',
  ])('is not passed on: %s', async (name) => {
    const changed = new URL(address);
    changed.searchParams.append(name, 'id_token');
    const before = world.upstream.requests.length;
    const answer = await ask(changed);
    expect(answer.status).toBe(400);
    expect(world.upstream.requests.length).toBe(before);
  });

  it.each(['prompt', 'ui_locales', 'theme', 'x-state-of-mind', 'scope_hint'])(
    'goes on with a parameter that is none of ours: %s',
    async (name) => {
      const changed = new URL(address);
      changed.searchParams.set(name, 'login');
      expect((await ask(changed)).status).toBe(303);
    },
  );
});
