/*
 * A vendor that may ask for the new subjects of its users tries to learn of others: by
 * guessing local subjects, with a token of another client, with one that has expired or
 * was revoked, with more at once than is allowed, and with bodies that are none.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { importSubjects } from '../../src/operations/import-subjects.ts';
import { revokeMappingToken } from '../../src/operations/mapping-tokens.ts';
import { removeClient } from '../../src/operations/remove-client.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { readMappingTokens } from '../../src/vendors/mapping-token-store.ts';
import { member } from '../support/by-hand.ts';
import { askMapping, mapped, mappingToken } from '../support/mapping.ts';
import { operationsOf } from '../support/registration.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const BY = { actor: 'test' };

let world: World;
let acme: string;
beforeAll(async () => {
  world = await createWorld([{ id: 'acme' }, { id: 'bolt' }, { id: 'gone' }]);
  acme = await mappingToken(world.proxy, 'acme-web');
  await have('acme', 'known', true);
  await have('acme', 'made-beforehand', false);
  await have('bolt', 'elsewhere', true);
});
afterAll(() => world.close());

async function have(id: string, user: string, given: boolean): Promise<void> {
  const { db, atRest, clock } = operationsOf(world.proxy);
  const client = world.proxy.application.registry.find(`${id}-web`);
  const log = createLogger({ level: 'fatal', destination: { write: () => undefined } });
  const rows = async function* () {
    yield { line: 1, localSubject: user, sub: `new-${user}-at-${id}` };
  };
  await importSubjects(
    { db, atRest, clock, log, keyring: world.proxy.keyring },
    {
      ...{ sector: String(client?.sector), given, mayPreserve: false, dryRun: false },
      rows: rows(),
      derive: () => ({ sub: '', algorithm: 'random', saltVersion: 0 }),
    },
    BY,
  );
}

describe('guesses', () => {
  it('are all one answer, unless the vendor has the user', async () => {
    const olds = [
      'known',
      'elsewhere',
      'made-beforehand',
      'nobody',
      'KNOWN',
      'known ',
      '',
      '\ud800',
    ];
    const answer = await askMapping(world.proxy, acme, { subjects: olds });
    expect(mapped(answer)).toEqual(['new-known-at-acme', ...Array.from({ length: 7 }, () => null)]);
    expect(answer.body).not.toContain('new-elsewhere');
  });

  it('do not turn a pseudonym back, nor a pseudonym of another vendor', async () => {
    const olds = ['new-known-at-acme', 'new-elsewhere-at-bolt'];
    expect(mapped(await askMapping(world.proxy, acme, { subjects: olds }))).toEqual([null, null]);
  });

  it('are recorded by their number, and not by what they were', async () => {
    await askMapping(world.proxy, acme, { subjects: ['known', 'guess-1', 'guess-2'] });
    const rows = await world.database.db('audit_log').where({ act: 'mapping.answered' });
    const last: { details: Buffer } = rows.at(-1);
    expect(JSON.parse(String(last.details))).toEqual({ asked: 3, answered: 1 });
    const whole = JSON.stringify(rows.map((row) => String(row.details) + String(row.target)));
    expect(whole).not.toMatch(/guess|known/);
    expect(JSON.stringify(world.proxy.log)).not.toContain('guess-1');
  });
});

describe('a token', () => {
  const asking = { subjects: ['known', 'elsewhere'] };

  it.each([undefined, 'ppm_nonsense', 'ppi_0123456789'])('%s is none', async (token) => {
    const answer = await askMapping(world.proxy, token, asking);
    expect([answer.status, member(answer, 'error')]).toEqual([401, 'invalid_token']);
  });

  it('of one client does not speak for another', async () => {
    const bolt = await mappingToken(world.proxy, 'bolt-web');
    expect(mapped(await askMapping(world.proxy, bolt, asking))).toEqual([
      null,
      'new-elsewhere-at-bolt',
    ]);
  });

  it('that has expired is none', async () => {
    const past = (): Date => new Date(Date.now() - 2 * 86_400_000);
    const expired = await mappingToken(world.proxy, 'acme-web', past);
    expect((await askMapping(world.proxy, expired, asking)).status).toBe(401);
  });

  it('that was revoked is none', async () => {
    const bolt = await mappingToken(world.proxy, 'bolt-web');
    const operations = operationsOf(world.proxy);
    for (const { id } of await readMappingTokens(operations.db, 'bolt-web')) {
      await revokeMappingToken(operations, { clientId: 'bolt-web', id }, BY);
    }
    expect((await askMapping(world.proxy, bolt, asking)).status).toBe(401);
  });

  it('goes with its client, also where one of that name comes back', async () => {
    const gone = await mappingToken(world.proxy, 'gone-web');
    const { db, atRest, clock } = operationsOf(world.proxy);
    const log = createLogger({ level: 'fatal', destination: { write: () => undefined } });
    const context = { db, atRest, clock, log, keyring: world.proxy.keyring };
    await removeClient(context, { clientId: 'gone-web', revision: 1 }, BY);
    expect(await readMappingTokens(db, 'gone-web')).toEqual([]);
    expect((await askMapping(world.proxy, gone, asking)).status).toBe(401);
  });
});

describe('a body', () => {
  it.each([
    ['nothing', ''],
    ['no JSON', 'subjects=known'],
    ['a list', ['known']],
    ['no list', { subjects: 'known' }],
    ['other things in the list', { subjects: ['known', 7] }],
    ['other members', { subjects: ['known'], sector: 'bolt.example' }],
    ['no subjects', { subjects: [] }],
    ['too many subjects', { subjects: Array.from({ length: 1001 }, (_, index) => `u${index}`) }],
  ])('of %s is refused', async (_what, body) => {
    const answer = await askMapping(world.proxy, acme, body);
    expect([answer.status, member(answer, 'error')]).toEqual([400, 'invalid_request']);
  });

  it('of more than a megabyte is refused unread', async () => {
    const body = { subjects: ['x'.repeat(1_100_000)] };
    expect((await askMapping(world.proxy, acme, body)).status).toBe(413);
  });

  it('of a thousand long subjects is answered', async () => {
    const subjects = Array.from({ length: 1000 }, (_, index) => `${index}`.padStart(255, 'x'));
    expect((await askMapping(world.proxy, acme, { subjects })).status).toBe(200);
  });
});

it('too many requests with one token are refused for a while', async () => {
  const token = await mappingToken(world.proxy, 'acme-web');
  const statuses: number[] = [];
  for (let request = 0; request < 61; request += 1) {
    statuses.push((await askMapping(world.proxy, token, { subjects: ['known'] })).status);
  }
  expect(statuses.slice(0, 60).filter((status) => status === 200).length).toBeGreaterThan(50);
  expect(statuses.at(-1)).toBe(429);
});
