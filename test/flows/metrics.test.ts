import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createAdminToken } from '../../src/operations/admin-tokens.ts';
import { lookupSubject } from '../../src/operations/lookup-subject.ts';
import { Browser } from '../support/browser.ts';
import { ask, vendorByHand } from '../support/by-hand.ts';
import { operationContext } from '../support/events.ts';
import { askMapping, mappingToken } from '../support/mapping.ts';
import { scrape } from '../support/scrape.ts';
import { jsonIn, withJson } from '../support/upstream/answer.ts';
import { altered } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

describe('the metrics of one replica', () => {
  let world: World;
  let before: ReadonlyMap<string, number>;

  beforeAll(async () => {
    world = await createWorld([
      { id: 'acme' },
      { id: 'bolt', client: { phase: 'shadow' } },
      { id: 'once', client: { phase: 'public' } },
    ]);
  });
  afterAll(() => world.close());

  /** By how much a metric grew since the last look, and where it stands then. */
  async function grown(...names: readonly string[]): Promise<readonly number[]> {
    const now = await scrape(world.proxy.adminUrl);
    const since = before;
    before = now;
    return names.map((name) => (now.get(name) ?? 0) - (since.get(name) ?? 0));
  }

  it('tells how things stand before anybody came', async () => {
    before = await scrape(world.proxy.adminUrl);
    const standing = {
      pairwise_upstream_up: 1,
      pairwise_database_up: 1,
      pairwise_draining: 0,
      'pairwise_workers{log_level="debug"}': 1,
      'pairwise_clients{phase="pairwise"}': 1,
      'pairwise_client_phase{client="bolt-web",phase="shadow"}': 1,
      'pairwise_client_pilot_percent{client="acme-web"}': 100,
      'pairwise_deliveries_waiting{queue="logout"}': 0,
      'pairwise_reverse_lookups_in_hour{of="all"}': 0,
    };
    expect(Object.fromEntries(before)).toMatchObject(standing);
    expect(before.get('pairwise_signing_key_age_seconds{alg="RS256",state="active"}')).toBeLessThan(
      600,
    );
    expect(before.get('pairwise_salt_age_seconds{version="1",state="active"}')).toBeLessThan(600);
    expect(before.get('pairwise_audit_height')).toBeGreaterThan(0);
    expect(before.get('pairwise_configuration_age_seconds')).toBeLessThan(60);
  });

  it('count a login: endpoints, the upstream, seals, the new pseudonym, and the cache at the second', async () => {
    const sector = world.proxy.application.registry.find('acme-web')?.sector;
    const browser = new Browser();
    await vendorByHand(world, 'acme').logIn(browser);
    const counted = [
      'pairwise_http_requests_total{endpoint="authorize",outcome="ok"}',
      'pairwise_http_requests_total{endpoint="token",outcome="ok"}',
      'pairwise_http_request_duration_seconds_count{endpoint="token"}',
      'pairwise_upstream_request_duration_seconds_count{call="token"}',
      'pairwise_seals_made_total{purpose="code"}',
      'pairwise_seals_opened_total{purpose="code"}',
      `pairwise_pseudonyms_created_total{sector="${sector}",origin="login"}`,
      'pairwise_cache_lookups_total{cache="given",result="miss"}',
      'pairwise_cache_lookups_total{cache="given",result="hit"}',
    ];
    expect(await grown(...counted)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0]);
    await vendorByHand(world, 'acme').logIn(browser);
    expect(await grown(...counted)).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 1]);
    expect((await scrape(world.proxy.adminUrl)).get('pairwise_http_requests_in_flight')).toBe(0);
  });

  it('count a refusal by the code that was told and the reason, and a seal that did not open', async () => {
    const authorization = 'Bearer eyJhbGciOiJkaXIifQ.nothing.of.ours.here';
    await ask(`${world.proxy.issuer}/oidc/userinfo`, { headers: { authorization } });
    const counted = [
      'pairwise_http_requests_total{endpoint="userinfo",outcome="invalid_token"}',
      'pairwise_refusals_total{endpoint="userinfo",reason="token_invalid"}',
      'pairwise_seals_refused_total{purpose="access_token",reason="seal_malformed"}',
    ];
    expect(await grown(...counted)).toEqual([1, 1, 1]);
  });

  it('count a redirect that tells an error as that error, and another sector’s pseudonym in a hint', async () => {
    const { idToken } = await vendorByHand(world, 'acme').logIn(new Browser());
    const sub = (JSON.parse(atob(idToken.split('.')[1] ?? '')) as { sub: string }).sub;
    before = await scrape(world.proxy.adminUrl);
    const bolt = vendorByHand(world, 'bolt');
    const claims = JSON.stringify({ id_token: { sub: { value: sub } } });
    await expect(bolt.begin(new Browser(), 'alice', { claims })).rejects.toThrow('login_required');
    const counted = [
      'pairwise_refusals_total{endpoint="callback",reason="hint_mismatch"}',
      'pairwise_security_events_total{event="hint_mismatch",target="bolt-web"}',
      'pairwise_leaks_prevented_total{exit="hint-answer"}',
    ];
    expect(await grown(...counted)).toEqual([1, 1, 1]);
  });

  it('count an upstream answer whose signature is wrong, and the leak that it was kept from', async () => {
    world.upstream.faults.arm(
      'token',
      altered((answer) => {
        const { id_token: idToken, ...others } = jsonIn(answer);
        const [header, payload] = String(idToken).split('.');
        const forged = `${header}.${payload}.${'A'.repeat(342)}`;
        return withJson(answer, { ...others, id_token: forged });
      }),
      1,
    );
    const acme = vendorByHand(world, 'acme');
    await acme.redeem(await acme.begin(new Browser()));
    const counted = [
      'pairwise_http_requests_total{endpoint="token",outcome="server_error"}',
      'pairwise_security_events_total{event="id_token_signature",target="acme-web"}',
      'pairwise_leaks_prevented_total{exit="id-token-subject"}',
    ];
    expect(await grown(...counted)).toEqual([1, 1, 1]);
  });

  it('count what a vendor asks the mapping endpoint for, and who guesses at it', async () => {
    const { proxy } = world;
    await askMapping(proxy, await mappingToken(proxy, 'acme-web'), { subjects: ['x1', 'x2'] });
    await askMapping(proxy, 'ppm_guessed', { subjects: ['alice'] });
    const counted = [
      'pairwise_mapping_subjects_total{client="acme-web",result="unknown"}',
      'pairwise_refusals_total{endpoint="mapping",reason="mapping_token_invalid"}',
    ];
    expect(await grown(...counted)).toEqual([2, 1]);
  });

  it('count what operators ask by the route that matched, and what pseudonyms came of it', async () => {
    const { adminUrl, application } = world.proxy;
    const sector = application.registry.find('acme-web')?.sector ?? '';
    const call = async (method: string, path: string, body?: object): Promise<number> => {
      const authorization = `Bearer ${token}`;
      const headers = { authorization, 'content-type': 'application/json' };
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      return (await fetch(`${adminUrl}${path}`, { method, headers, ...sent })).status;
    };
    const { token } = await createAdminToken(
      operationContext(world.proxy),
      { name: 'metrics', scopes: ['read', 'operate', 'privacy'], days: 1 },
      { actor: 'test' },
    );
    before = await scrape(adminUrl);
    const users = ['uma', 'vic'].map((name) => ({ local_subject: name }));
    expect(await call('POST', '/admin/v1/clients/acme-web/subjects', { users })).toBe(200);
    const rotation = { sector, confirm: true, reason: 'a test' };
    expect(await call('POST', '/admin/v1/subjects/rotate', { user: 'uma', ...rotation })).toBe(200);
    expect(await call('GET', '/admin/v1/clients/nobody')).toBe(404);
    await fetch(`${adminUrl}/vendors/alice`, { redirect: 'manual' });
    await fetch(`${adminUrl}/admin/v1/alice`);
    const counted = [
      'pairwise_admin_requests_total{endpoint="POST /admin/v1/clients/:client/subjects",outcome="ok"}',
      'pairwise_admin_requests_total{endpoint="GET /admin/v1/clients/:client",outcome="refused"}',
      'pairwise_admin_requests_total{endpoint="GET /vendors/:vendor",outcome="ok"}',
      'pairwise_admin_requests_total{endpoint="none",outcome="refused"}',
      'pairwise_admin_request_duration_seconds_count{part="dashboard"}',
      `pairwise_pseudonyms_created_total{sector="${sector}",origin="import"}`,
      `pairwise_pseudonyms_created_total{sector="${sector}",origin="rotation"}`,
    ];
    expect(await grown(...counted)).toEqual([1, 1, 1, 1, 1, 2, 1]);
    expect([...before.keys()].filter((name) => name.includes('alice'))).toEqual([]);
  });

  it('count an operator’s look at a user, also from the command line, which is another process', async () => {
    const request = { clientId: 'acme-web', sub: 'nobody' };
    await lookupSubject(operationContext(world.proxy), request, { actor: 'cli:test' });
    const counted = [
      'pairwise_reverse_lookups_in_hour{of="all"}',
      'pairwise_reverse_lookups_in_hour{of="one_actor"}',
      'pairwise_audit_height',
    ];
    expect(await grown(...counted)).toEqual([1, 1, 1]);
  });

  it('tell a draining replica, and an upstream that is away', async () => {
    world.upstream.faults.arm('token', (response) => void response.destroy(), 1);
    const acme = vendorByHand(world, 'acme');
    await acme.redeem(await acme.begin(new Browser()));
    world.proxy.application.drain();
    const counted = [
      'pairwise_upstream_errors_total{call="token",reason="upstream_unavailable"}',
      'pairwise_http_requests_total{endpoint="token",outcome="temporarily_unavailable"}',
      'pairwise_draining',
    ];
    expect(await grown(...counted)).toEqual([1, 1, 1]);
  });
});
