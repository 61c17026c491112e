import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeJwt } from 'jose';

import { tokenHash } from '../../src/tokens/hashes.ts';
import { commonValues, findings } from '../support/recorder.ts';
import { isPublic, strangersRecord } from './public-values.ts';
import type { TalkativeWorld, Visits } from './scenario.ts';
import { talkativeWorld, visitBoth } from './scenario.ts';

/*
 * Two vendors put together every byte that they received while one user visited
 * both in one session: bodies, headers, redirects, decoded in every way they can
 * think of. They must find nothing that names the user, nothing that the legacy
 * provider issued, and nothing by which the two records could be joined.
 */
describe.each([
  ['without wishes', {}],
  ['with max_age', { max_age: '3600' }],
])('what two vendors receive over login, refresh and userinfo, %s', (_name, parameters) => {
  let talkative: TalkativeWorld;
  let visits: Visits;
  beforeAll(async () => {
    talkative = await talkativeWorld();
    visits = await visitBoth(talkative, parameters);
  });
  afterAll(() => talkative.close());

  it('every step works', () => {
    expect(visits.troubles).toEqual([]);
    expect([...visits.tokens.values()].flat()).toHaveLength(4);
  });

  it.each(['acme', 'bolt'])(
    '%s finds no identifier of the user, the session or the upstream',
    (id) => {
      const { record } = talkative.world.vendor(id);
      expect(record.received.length).toBeGreaterThan(50);
      expect(findings(record, [...talkative.secrets])).toEqual([]);
    },
  );

  it('the two records have no value of 8 characters or more in common', async () => {
    const { world } = talkative;
    const common = commonValues(world.vendor('acme').record, world.vendor('bolt').record);
    const stranger = await strangersRecord(world.proxy.issuer);
    expect(common.filter((value) => !isPublic(value, stranger))).toEqual([]);
  });

  it.each(['acme', 'bolt'])('%s gets hashes of the values that it really got', (id) => {
    for (const { idToken, accessToken } of visits.tokens.get(id) ?? []) {
      expect(decodeJwt(idToken)['at_hash']).toBe(tokenHash(accessToken, 'RS256'));
    }
  });

  it.each(['acme', 'bolt'])('%s is told auth_time only where it was asked for', (id) => {
    for (const { idToken } of visits.tokens.get(id) ?? []) {
      expect('auth_time' in decodeJwt(idToken)).toBe('max_age' in parameters);
    }
  });

  it.each(['acme', 'bolt'])('%s is granted no more than it asked for', (id) => {
    const scopes = talkative.world
      .vendor(id)
      .record.received.filter(({ text }) => text.includes('"scope"'))
      .map(({ text }) => (JSON.parse(text) as { scope: string }).scope);
    expect(scopes).toHaveLength(2);
    for (const scope of scopes) expect(scope.split(' ')).not.toContain('directory:alice');
  });
});
