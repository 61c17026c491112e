import { createHash } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { AdminClient } from '../support/admin.ts';
import { ask } from '../support/by-hand.ts';
import { Browser } from '../support/browser.ts';
import { createWorld, type World } from '../support/world.ts';

const TOKEN = 'environment-token-0123456789-0123456789';

/** Every answer in here is held to the served OpenAPI document by the client. */
describe.each(['sqlite', 'mysql'] as const)('the admin API (%s)', (dialect) => {
  let world: World;
  let api: AdminClient;

  beforeAll(async () => {
    world = await createWorld(undefined, { dialect, environment: { ADMIN_TOKEN: TOKEN } });
    api = await AdminClient.open(world.proxy.adminUrl, TOKEN);
  });
  afterAll(() => world.close());

  const stateOf = async (path: string): Promise<string> =>
    (await api.call('GET', path)).headers.get('etag') ?? '';

  test('adds, shows, changes and removes a vendor, each change from a state that was seen', async () => {
    const entry = { id: 'nova', name: 'Nova', contacts: ['ops@nova.example'], reason: 'ticket 7' };
    const made = await api.call('POST', '/vendors', { body: entry });
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe('/admin/v1/vendors/nova');
    const seen = await stateOf('/vendors/nova');
    const headers = { 'if-match': seen };
    const changed = await api.call('PATCH', '/vendors/nova', { body: { name: 'Nova 2' }, headers });
    expect(changed.body['fields']).toEqual(['name']);
    const again = await api.call('PATCH', '/vendors/nova', { body: { name: 'Nova 3' }, headers });
    expect([again.status, again.body['code']]).toEqual([412, 'stale']);
    expect((await api.call('GET', '/vendors/nova')).body).toMatchObject({
      ...{ name: 'Nova 2', contacts: ['ops@nova.example'], clients: [] },
    });
    const unsaid = await api.call('DELETE', '/vendors/nova', {
      headers: { 'if-match': await stateOf('/vendors/nova') },
    });
    expect([unsaid.status, unsaid.body['code']]).toEqual([409, 'confirmation_required']);
    const gone = await api.call('DELETE', '/vendors/nova', {
      headers: {
        'if-match': changed.headers.get('etag') ?? '',
        confirm: 'yes',
        'audit-reason': 'f%C3%BCr%20immer',
      },
    });
    expect(gone.status).toBe(204);
    const { body } = await api.call('GET', '/audit?target=nova');
    const told = body['items'] as { act: string; reason: string; request_id: string }[];
    expect(told.map(({ act, reason }) => [act, reason])).toEqual([
      ['vendor.deleted', 'für immer'],
      ['vendor.updated', null],
      ['vendor.created', 'ticket 7'],
    ]);
    expect(told[0]?.request_id).toBe(gone.headers.get('x-request-id'));
    expect(told[0]).toMatchObject({ actor: 'token:environment' });
  });

  test('adds a client with a secret that is shown once, and changes and removes it', async () => {
    await api.call('POST', '/vendors', { body: { id: 'orbit' } });
    const entry = {
      ...{ client_id: 'orbit web/1', redirect_uris: ['https://orbit.example/cb'] },
      ...{ generate_secret: true, upstream: { client_id: 'legacy-orbit', client_secret: 'up' } },
    };
    const made = await api.call('POST', '/vendors/orbit/clients', { body: entry });
    expect(made.status).toBe(201);
    const secret = String(made.body['client_secret']);
    expect(secret).toMatch(/^[\w-]{43}$/);
    const place = '/clients/orbit%20web%2F1';
    expect(made.headers.get('location')).toBe(`/admin/v1${place}`);
    const shown = await api.call('GET', place);
    expect(shown.body).toMatchObject({ has_client_secret: true, sector: 'orbit.example' });
    expect(shown.text).not.toContain(secret);
    const renewed = await api.call('POST', `${place}/secret`, { body: { confirm: true } });
    expect(renewed.body['client_secret']).not.toBe(secret);
    const state = await stateOf(place);
    const stale = await api.call('PATCH', place, {
      body: { client_name: 'Orbit' },
      headers: { 'if-match': shown.headers.get('etag') ?? '' },
    });
    expect(stale.status).toBe(412);
    const changed = await api.call('PATCH', place, {
      body: { client_name: 'Orbit', release_claims: ['name'] },
      headers: { 'if-match': state },
    });
    expect(changed.body['fields']).toEqual(expect.arrayContaining(['client_name']));
    const listed = await api.call('GET', '/clients?vendor=orbit');
    expect(listed.body['items']).toHaveLength(1);
    const gone = await api.call('DELETE', place, {
      headers: { 'if-match': '*', confirm: 'yes' },
    });
    expect(gone.status).toBe(204);
    expect((await api.call('GET', place)).status).toBe(404);
  });

  test('applies a document, says first what it would do, and reads nothing of the machine', async () => {
    const clients = [
      { client_id: 'delta-web', redirect_uris: ['https://delta.example/cb'], accept_bypass: true },
    ];
    const document = { vendors: [{ id: 'delta', clients }] };
    const planned = await api.call('POST', '/apply', { body: { document, dry_run: true } });
    expect(planned.body).toMatchObject({ dry_run: true });
    expect((await api.call('GET', '/vendors/delta')).status).toBe(404);
    const done = await api.call('POST', '/apply', { body: { document } });
    expect(done.body['changes']).toHaveLength(2);
    for (const member of ['client_secret_file', 'client_secret_env']) {
      const named = { ...clients[0], [member]: '/etc/hostname' };
      const asked = { document: { vendors: [{ id: 'delta', clients: [named] }] } };
      const refused = await api.call('POST', '/apply', { body: asked });
      expect([refused.status, refused.body['code']]).toEqual([422, 'entry_invalid']);
      expect(refused.text).toContain('machine of the proxy');
    }
  });

  test('asks before a change of sector would change anybody’s sub, and says for how many', async () => {
    await world.vendor('bolt').logIn(new Browser(), 'bob');
    const body = { sector: 'elsewhere' };
    const asked = await api.call('PATCH', '/clients/bolt-web', {
      body,
      headers: { 'if-match': '*' },
    });
    expect([asked.status, asked.body['code']]).toEqual([409, 'confirmation_required']);
    expect(asked.body['users']).toBe(1);
    const done = await api.call('PATCH', '/clients/bolt-web', {
      body: { ...body, confirm: true },
      headers: { 'if-match': '*' },
    });
    expect(done.body['sector_moves']).toMatchObject([{ to: 'elsewhere', users: 1 }]);
  });

  test('moves a client through its phases and back', async () => {
    const place = '/clients/acme-web/rollout';
    const unsaid = await api.call('PUT', place, { body: { phase: 'shadow' } });
    expect([unsaid.status, unsaid.body['code']]).toEqual([428, 'precondition_required']);
    const set = await api.call('PUT', place, {
      body: { phase: 'shadow', reason: 'first week' },
      headers: { 'if-match': await stateOf(place) },
    });
    expect(set.body).toMatchObject({ phase: 'shadow', changed: true, reason: 'first week' });
    const stale = await api.call('PUT', place, {
      body: { phase: 'public' },
      headers: { 'if-match': '"1"' },
    });
    expect(stale.status).toBe(412);
    const back = await api.call('POST', `${place}/rollback`, { body: { from: 2 } });
    expect(back.body).toMatchObject({ phase: 'pairwise', restores: 1 });
    const first = await api.call('GET', `${place}/history?limit=2`);
    const rest = await api.call('GET', `${place}/history?cursor=${String(first.body['next'])}`);
    const versions = [first, rest].flatMap(({ body }) =>
      (body['items'] as { version: number }[]).map(({ version }) => version),
    );
    expect(versions).toEqual([3, 2, 1]);
    expect((await api.call('GET', place)).body).toMatchObject({
      ...{ step: 'percent_100', next_step: 'done', frozen: false },
      next_gates: [
        { name: 'bypass' },
        { name: 'mapping_handed_over' },
        { name: 'continuity_over' },
      ],
    });
  });

  test('freezes all rollouts and lifts it', async () => {
    const place = '/clients/acme-web/rollout';
    const headers = { 'if-match': '*' };
    await api.call('PUT', place, { body: { phase: 'shadow' }, headers });
    const frozen = await api.call('PUT', '/rollouts/freeze', {
      body: { frozen: true, reason: 'outage' },
    });
    expect(frozen.body).toMatchObject({ frozen: true, changed: true, reason: 'outage' });
    const further = await api.call('PUT', place, { body: { phase: 'pairwise' }, headers });
    expect([further.status, further.body['code']]).toEqual([409, 'conflict']);
    expect((await api.call('GET', '/rollouts/freeze')).body).toMatchObject({ frozen: true });
    const back = await api.call('POST', `${place}/rollback`, { body: {} });
    expect(back.body).toMatchObject({ phase: 'pairwise', changed: true });
    const lifted = await api.call('PUT', '/rollouts/freeze', { body: { frozen: false } });
    expect(lifted.body).toMatchObject({ frozen: false, changed: true });
    await world.proxy.application.registry.refresh();
  });

  test('gives a vendor what it registers clients with, and takes it back', async () => {
    const place = '/vendors/acme/initial-tokens';
    const made = await api.call('POST', place, { body: { uses: 2, days: 1 } });
    expect(made.body).toMatchObject({ vendor: 'acme', uses_left: 2 });
    const listed = await api.call('GET', place);
    expect(listed.text).not.toContain(String(made.body['token']));
    const one = `${place}/${String(made.body['id'])}`;
    expect((await api.call('DELETE', one)).status).toBe(204);
    expect((await api.call('DELETE', one)).status).toBe(404);
    const upstream = '/vendors/acme/upstream-clients';
    const prepared = { upstream_client_id: 'spare/1', client_secret: 'spare-secret' };
    expect((await api.call('POST', upstream, { body: prepared })).status).toBe(201);
    expect((await api.call('POST', upstream, { body: prepared })).status).toBe(409);
    expect((await api.call('GET', upstream)).text).not.toContain('spare-secret');
    expect((await api.call('DELETE', `${upstream}/spare%2F1`)).status).toBe(204);
  });

  test('finds, lists, exports, rotates and erases a user, for a reason each time', async () => {
    const { claims } = await world.vendor('acme').logIn(new Browser(), 'alice');
    const sub = String(claims['sub']);
    const user = 'alice';
    const found = await api.call('POST', '/subjects/lookup', {
      body: { client_id: 'acme-web', sub, reason: 'ticket 9' },
    });
    expect(found.body['local_subject']).toBe(user);
    const unexplained = await api.call('POST', '/subjects/list', { body: { user } });
    expect([unexplained.status, unexplained.body['code']]).toEqual([400, 'request_invalid']);
    const listed = await api.call('POST', '/subjects/list', { body: { user, reason: 'x' } });
    expect(listed.body['items']).toMatchObject([{ vendor: 'acme', sub }]);
    const all = await api.call('POST', '/subjects/export', { body: { user, reason: 'x' } });
    expect(all.body).toMatchObject({ local_subject: user, sectors: [{ vendor: 'acme' }] });
    const rotation = { user, client_id: 'acme-web', confirm: true };
    const headers = { 'idempotency-key': 'rotate-alice-1' };
    const rotated = await api.call('POST', '/subjects/rotate', { body: rotation, headers });
    expect(rotated.body).toMatchObject({ old_sub: sub, generation: 2 });
    const repeated = await api.call('POST', '/subjects/rotate', { body: rotation, headers });
    expect(repeated.text).toBe(rotated.text);
    expect(repeated.headers.get('idempotent-replayed')).toBe('true');
    const erasure = { user, reason: 'asked for', confirm: true };
    const erased = await api.call('POST', '/subjects/erase', { body: erasure });
    expect(erased.body).toMatchObject({ erased: true, sectors: 1, pseudonyms: 2 });
    expect(erased.text).not.toContain(user);
    // What was kept of the rotation named the user's pseudonyms, and went with the user.
    const forgotten = await api.call('POST', '/subjects/rotate', { body: rotation, headers });
    expect([forgotten.status, forgotten.body['code']]).toEqual([409, 'answer_forgotten']);
    const missing = await api.call('POST', '/subjects/lookup', {
      body: { client_id: 'acme-web', sub, reason: 'x' },
    });
    expect(missing.status).toBe(404);
    const scope = { vendor: 'bolt', confirm: true };
    const many = await api.call('POST', '/subjects/rotate-many', { body: scope });
    expect(many.body).toMatchObject({ scope: 'vendor:bolt', resumed: false });
  });

  test('gives a vendor what it asks for new subjects with, and exports the pairs', async () => {
    const place = '/clients/acme-web/mapping-tokens';
    const made = await api.call('POST', place, { body: { days: 1 } });
    expect(String(made.body['token'])).toMatch(/^ppm_/);
    expect((await api.call('GET', place)).body['items']).toHaveLength(1);
    expect((await api.call('DELETE', `${place}/${String(made.body['id'])}`)).status).toBe(204);
    const body = { reason: 'handed over', confirm: true };
    const pairs = await api.call('POST', '/clients/acme-web/mapping', { body });
    expect(pairs.headers.get('content-type')).toBe('application/x-ndjson');
    const unknown = await api.call('POST', '/clients/nobody/mapping', { body });
    expect([unknown.status, unknown.body['code']]).toEqual([404, 'unknown']);
  });

  test('lets a user keep pseudonyms under another name, whichever the API is asked for', async () => {
    // She was erased before; until the replica has heard of it, who comes back is refused.
    await world.proxy.application.registry.refresh();
    const { claims } = await world.vendor('acme').logIn(new Browser(), 'alice');
    const body = { user: 'alice', to: 'a.smith', reason: 'ticket 11' };
    const asked = await api.call('POST', '/subjects/link', { body });
    expect([asked.status, asked.body['code']]).toEqual([409, 'confirmation_required']);
    const linked = await api.call('POST', '/subjects/link', { body: { ...body, confirm: true } });
    expect(linked.body).toMatchObject({ linked: true, was_linked: false, sectors: 1, merged: 0 });
    expect(linked.text).not.toContain('smith');
    const again = await api.call('POST', '/subjects/link', { body: { ...body, confirm: true } });
    expect(again.body).toMatchObject({ was_linked: true });
    const named = { user: 'a.smith', reason: 'x' };
    const listed = await api.call('POST', '/subjects/list', { body: named });
    expect(listed.body['items']).toMatchObject([{ vendor: 'acme', sub: claims['sub'] }]);
  });

  test('gives users their pseudonyms before they log in, all that are sent or none', async () => {
    const place = '/clients/bolt-web/subjects';
    const users = [{ local_subject: 'ida', sub: 'kept-1' }, { local_subject: 'jo' }];
    const dry = await api.call('POST', place, { body: { users, dry_run: true } });
    expect(dry.body).toMatchObject({ dry_run: true, created: 2, present: 0 });
    const made = await api.call('POST', place, { body: { users, reason: 'moved' } });
    expect(made.body).toMatchObject({ dry_run: false, created: 2, present: 0, erased: 0 });
    expect(made.text).not.toContain('ida');
    const again = await api.call('POST', place, { body: { users } });
    expect(again.body).toMatchObject({ created: 0, present: 2 });
    const asked = { client_id: 'bolt-web', sub: 'kept-1', reason: 'x' };
    const found = await api.call('POST', '/subjects/lookup', { body: asked });
    expect(found.body['local_subject']).toBe('ida');
    const wrong = [{ local_subject: 'kim' }, { local_subject: 'lou', sub: 'kept-1' }];
    const refused = await api.call('POST', place, { body: { users: wrong } });
    expect([refused.status, refused.body['mistakes']]).toMatchObject([
      422,
      [{ at: 'users[1]', wrong: 'sub is the pseudonym of another user' }],
    ]);
    const kim = await api.call('POST', '/subjects/list', { body: { user: 'kim', reason: 'x' } });
    expect(kim.body['items']).toEqual([]);
    const derivation = { algorithm: 'oidc-sha256', salt: 'pepper' };
    const foreign = { users: [{ local_subject: 'kim' }], derivation };
    await api.call('POST', place, { body: foreign });
    const sector = String(made.body['sector']);
    const sub = createHash('sha256').update(`${sector}kimpepper`).digest('base64url');
    const body = { client_id: 'bolt-web', sub, reason: 'x' };
    const looked = await api.call('POST', '/subjects/lookup', { body });
    expect(looked.body['local_subject']).toBe('kim');
  });

  test('lets many users keep pseudonyms under other names, all that are sent or none', async () => {
    const users = [
      { from: 'ida', to: 'i.falk' },
      { from: 'jo', to: 'j.holm' },
    ];
    const place = '/subjects/link-many';
    const unsaid = await api.call('POST', place, { body: { users } });
    expect([unsaid.status, unsaid.body['code']]).toEqual([409, 'confirmation_required']);
    const chained = [...users, { from: 'i.falk', to: 'third' }];
    const refused = await api.call('POST', place, { body: { users: chained, confirm: true } });
    expect(refused.body).toMatchObject({ code: 'entry_invalid', mistakes: [{ at: 'users[2]' }] });
    const linked = await api.call('POST', place, { body: { users, confirm: true } });
    expect(linked.body).toMatchObject({ dry_run: false, linked: 2, present: 0, merged: 0 });
    const again = await api.call('POST', place, { body: { users, confirm: true } });
    expect(again.body).toMatchObject({ linked: 0, present: 2 });
    const asked = { client_id: 'bolt-web', sub: 'kept-1', reason: 'x' };
    const found = await api.call('POST', '/subjects/lookup', { body: asked });
    expect(found.body['local_subject']).toBe('i.falk');
  });

  test('says how far a client is with its events, and tells it again', async () => {
    const place = '/clients/acme-web/events';
    expect((await api.call('GET', place)).body).toMatchObject({ delivery: null, delivered: 0 });
    const silent = await api.call('POST', `${place}/repeat`, { body: {} });
    expect([silent.status, silent.body['code']]).toEqual([409, 'conflict']);
    const headers = { 'if-match': '*' };
    const events = { delivery: 'poll' };
    await api.call('PATCH', '/clients/acme-web', { body: { events }, headers });
    const again = await api.call('POST', `${place}/repeat`, { body: { reason: 'lost' } });
    expect(again.body).toMatchObject({ delivery: 'poll', failures: 0 });
    const { body } = await api.call('GET', '/audit?limit=1');
    expect(body['items']).toMatchObject([{ act: 'events.repeated', reason: 'lost' }]);
  });

  test('makes a client another vendor’s from the state that was seen, when it is confirmed', async () => {
    await api.call('POST', '/vendors', { body: { id: 'buyer' } });
    await api.call('POST', '/vendors', { body: { id: 'seller' } });
    const entry = {
      ...{ client_id: 'sold', redirect_uris: ['https://sold.example/cb'], generate_secret: true },
      upstream: { client_id: 'legacy-sold', client_secret: 'up' },
    };
    await api.call('POST', '/vendors/seller/clients', { body: entry });
    const place = '/clients/sold/transfer';
    const headers = { 'if-match': await stateOf('/clients/sold') };
    const unseen = await api.call('POST', place, { body: { to: 'buyer', confirm: true } });
    expect([unseen.status, unseen.body['code']]).toEqual([428, 'precondition_required']);
    const asked = await api.call('POST', place, { body: { to: 'buyer' }, headers });
    expect([asked.status, asked.body['users']]).toEqual([409, 0]);
    const body = { to: 'buyer', confirm: true, reason: 'sold' };
    const done = await api.call('POST', place, { body, headers });
    expect(done.body).toEqual({
      ...{ client_id: 'sold', from: 'seller', to: 'buyer', changed_subjects: 0 },
      ...{ sector: 'sold.example', from_sector: 'sold.example' },
    });
    expect(done.headers.get('etag')).toBe(await stateOf('/clients/sold'));
    const second = await api.call('POST', place, { body: { ...body, to: 'seller' }, headers });
    expect([second.status, second.body['code']]).toEqual([412, 'stale']);
  });

  test('rotates salts and keys', async () => {
    expect((await api.call('POST', '/salts', { body: { confirm: true } })).body).toMatchObject({
      version: 2,
    });
    expect((await api.call('GET', '/salts')).body['items']).toHaveLength(2);
    const rotated = await api.call('POST', '/keys/rotate', { body: { alg: 'ES256' } });
    expect(rotated.body).toMatchObject({ changed: true, next: [{ alg: 'ES256', state: 'next' }] });
    expect((await api.call('POST', '/keys/rewrap', { body: {} })).body).toEqual({ rewrapped: 0 });
    expect((await api.call('GET', '/keys')).text).not.toContain('"d"');
  });

  test('changes how much is logged, at once and for requests under way, and records it', async () => {
    const before = await api.call('GET', '/log-level');
    expect(before.body).toEqual({ level: 'debug' });
    const request = world.proxy.log.length;
    const { body } = await api.call('PUT', '/log-level', { body: { level: 'silent' } });
    expect(body).toEqual({ level: 'silent' });
    const after = world.proxy.log.length;
    expect(world.proxy.log.slice(request, after)).toContainEqual(
      expect.objectContaining({ event: 'log_level', level: 'warn', from: 'debug', to: 'silent' }),
    );
    await ask(`${world.proxy.issuer}/oidc/token`, { method: 'POST' });
    expect(world.proxy.log.slice(after)).toEqual([]);
    await api.call('PUT', '/log-level', { body: { level: 'debug' } });
    expect((await api.call('PUT', '/log-level', { body: { level: 'loud' } })).status).toBe(400);
    const acts = await api.call('GET', '/audit?act=log_level.changed');
    expect(acts.body['items']).toMatchObject([
      { details: { level: 'debug', before: 'silent' } },
      { details: { level: 'silent', before: 'debug' } },
    ]);
  });

  test('shows, verifies and exports the audit log', async () => {
    const first = await api.call('GET', '/audit?limit=1&act=vendor.*');
    const next = await api.call('GET', `/audit?cursor=${String(first.body['next'])}&limit=1`);
    const [a, b] = [first, next].map(({ body }) => (body['items'] as { position: number }[])[0]);
    expect(b?.position).toBeLessThan(a?.position ?? 0);
    const verified = await api.call('GET', '/audit/verify');
    expect(verified.body).toMatchObject({ intact: true, found: 0 });
    const head = encodeURIComponent(String(verified.body['head']));
    expect((await api.call('GET', `/audit/verify?head=${head}`)).body['intact']).toBe(true);
    const { text } = await api.call('GET', '/audit/export');
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { position: number }).position)).toEqual(
      lines.map((_, index) => index + 1),
    );
  });

  test('makes tokens that can do no more than the one that made them', async () => {
    const made = await api.call('POST', '/tokens', {
      body: { name: 'helpdesk', scopes: ['read', 'operate'], days: 2 },
    });
    const token = String(made.body['token']);
    expect(token).toMatch(/^ppa_[\w-]{43}$/);
    const self = await api.call('GET', '/token', { token });
    expect(self.body).toMatchObject({ name: 'helpdesk', scopes: ['read', 'operate'] });
    for (const body of [
      { name: 'more', scopes: ['privacy'], days: 1 },
      { name: 'longer', scopes: ['read'], days: 3 },
    ]) {
      const refused = await api.call('POST', '/tokens', { body, token });
      expect([refused.status, refused.body['code']]).toEqual([403, 'insufficient_scope']);
    }
    expect((await api.call('GET', '/tokens')).text).not.toContain(token);
    const stored = await world.database.db('admin_tokens').select();
    const columns = stored.flatMap((row) => Object.values(row as object).map(String));
    expect(columns.join(' ')).not.toContain(token.slice(4));
    expect((await api.call('DELETE', '/tokens/helpdesk')).status).toBe(204);
    expect((await api.call('GET', '/token', { token })).status).toBe(401);
    const taken = await api.call('POST', '/tokens', {
      body: { name: 'helpdesk', scopes: ['read'] },
    });
    expect(taken.status).toBe(409);
  });
});
