import { beforeEach, describe, expect, it } from 'vitest';

import { lastChange } from '../../../src/database/changes.ts';
import type { Connection } from '../../../src/database/connection.ts';
import { readApplyDocument } from '../../../src/vendors/apply-document.ts';
import { planApply } from '../../../src/vendors/apply.ts';
import { readClient, readClients, SectorChangeError } from '../../../src/vendors/client-store.ts';
import { RegistrationError } from '../../../src/vendors/problem.ts';
import { rolloutSet } from '../../../src/vendors/rollout.ts';
import { readSectorOwners, readVendors } from '../../../src/vendors/vendor-store.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { ACME, Bench, giveSubject, NO_SECRETS } from './support.ts';

const GLOBEX = `
vendors:
  - id: globex
    clients:
      - client_id: globex-app
        redirect_uris: [https://globex.example/cb]
        phase: shadow
`;

function broken(yaml: string): string {
  try {
    readApplyDocument(yaml, NO_SECRETS);
  } catch (error) {
    if (error instanceof RegistrationError) return error.message;
    throw error;
  }
  return 'nothing';
}

describe('an apply document', () => {
  it('says the line of each mistake', () => {
    const { problems } = readApplyDocument(
      ACME.replace('https://acme.example/callback', 'http://acme.example/callback').replace(
        'release_claims',
        'release_claim',
      ),
      NO_SECRETS,
    );
    expect(problems.map(({ line }) => line)).toEqual([11, 10]);
  });

  it('is refused where it holds a member twice', () => {
    expect(broken(ACME.replace('name: Acme', 'id: other\n    name: Acme'))).toBe(
      'line 4: names a member twice; name it once',
    );
  });

  it('is refused without a word of its contents where it is not YAML', () => {
    for (const secret of [
      '"vendor-secret',
      '*vendor-secret',
      '[vendor-secret',
      '!x vendor-secret',
    ]) {
      const said = broken(ACME.replace('client_secret: vendor-secret', `client_secret: ${secret}`));
      expect(said).toMatch(/^line \d+/);
      expect(said).not.toContain('vendor-secret');
    }
  });

  it('is refused where it is empty, is something else, or grows by its aliases', () => {
    const about = (yaml: string) => readApplyDocument(yaml, NO_SECRETS).problems[0]?.right;
    expect(about('')).toContain('vendors:');
    expect(about('- id: acme')).toContain('vendors:');
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
    for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef']) {
      bomb.push(`${to}: &${to} [${Array.from({ length: 10 }, () => `*${from}`).join(',')}]`);
    }
    expect(broken(bomb.join('\n'))).toContain('aliases');
  });
});

describeOnEachDialect('apply', (open) => {
  let db: Connection;
  let bench: Bench;
  beforeEach(async () => {
    ({ db } = await open.fresh());
    bench = new Bench();
  });

  const client = (clientId = 'acme-web') => readClient(db, bench.atRest, clientId);

  it('creates what is not there, and keeps it as it was written', async () => {
    const plan = await bench.apply(db, ACME);
    expect(plan.changes).toEqual([
      { action: 'create', kind: 'vendor', id: 'acme', fields: [] },
      { action: 'create', kind: 'client', id: 'acme-web', fields: [] },
    ]);
    const [vendor] = await readVendors(db);
    expect(vendor).toEqual({
      id: 'acme',
      name: 'Acme Learning',
      contacts: ['security@acme.example'],
      policyUri: undefined,
      oneSector: false,
      allowedSubjectTypes: ['pairwise'],
      notice: false,
      disconnect: 'new_subject',
    });
    const stored = await client();
    expect(stored.client).toMatchObject({
      sector: 'acme.example',
      clientSecret: 'vendor-secret',
      upstream: { clientId: 'acme-upstream', clientSecret: 'upstream-secret', shared: false },
      releaseClaims: ['name', 'locale'],
      phases: [{ version: 1, phase: 'pairwise', percent: undefined, pilotUsers: [] }],
    });
    expect(stored.client.notBefore).toBe(stored.client.phases[0]?.change);
  });

  it('seals secrets at rest', async () => {
    await bench.apply(db, ACME);
    const rows = JSON.stringify(await db('clients').select(), (_, value: unknown) =>
      value instanceof Object && 'data' in value
        ? Buffer.from(value.data as number[]).toString()
        : value,
    );
    expect(rows).toContain('acme-upstream');
    expect(rows).not.toContain('vendor-secret');
    expect(rows).not.toContain('upstream-secret');
  });

  it('changes nothing the second time', async () => {
    await bench.apply(db, ACME);
    const change = await lastChange(db);
    const plan = await bench.apply(db, ACME);
    expect(plan.changes.map(({ action }) => action)).toEqual(['unchanged', 'unchanged']);
    expect(plan.differences).toEqual([]);
    expect(await lastChange(db)).toBe(change);
  });

  it('names the members that change and never their values', async () => {
    await bench.apply(db, ACME);
    const edited = ACME.replace('vendor-secret', 'another-secret')
      .replace('[name, locale]', '[name]')
      .replace('Acme Learning', 'Acme');
    const planned = await planApply(bench.context(db), readApplyDocument(edited, NO_SECRETS));
    expect(planned.changes).toEqual([
      { action: 'update', kind: 'vendor', id: 'acme', fields: ['name'] },
      {
        action: 'update',
        kind: 'client',
        id: 'acme-web',
        fields: ['client_secret', 'release_claims'],
      },
    ]);
    expect(JSON.stringify(planned)).not.toContain('another-secret');
    expect((await client()).client.clientSecret).toBe('vendor-secret');
    expect(await bench.apply(db, edited)).toEqual(planned);
    expect((await client()).client.clientSecret).toBe('another-secret');
  });

  it('leaves what the document does not name', async () => {
    await bench.apply(db, ACME);
    await bench.apply(db, GLOBEX);
    expect((await readClients(db, bench.atRest)).map((each) => each.client.clientId)).toEqual([
      'acme-web',
      'globex-app',
    ]);
  });

  it('does nothing at all where one entry is wrong', async () => {
    const wrong = `${ACME}
      - client_id: acme-other
        redirect_uris: [https://acme.example/other]
`;
    await expect(bench.apply(db, wrong)).rejects.toThrow(/line 13, .*clients\[1\].accept_bypass/);
    expect(await readVendors(db)).toEqual([]);
    expect(await lastChange(db)).toBe(0);
  });

  it('reports the phase that rollout has set since, and leaves it', async () => {
    await bench.apply(db, ACME);
    await rolloutSet(bench.context(db), {
      clientId: 'acme-web',
      phase: 'pairwise',
      percent: 10,
      actor: 'ann',
    });
    const plan = await bench.apply(db, ACME);
    expect(plan.differences).toEqual([
      {
        clientId: 'acme-web',
        document: 'pairwise',
        recorded: 'pairwise',
        percent: 10,
        pilotUsers: 0,
      },
    ]);
    expect((await client()).client.phases.at(-1)?.percent).toBe(10);
  });

  it('records when the way round the proxy was accepted', async () => {
    await bench.apply(db, GLOBEX);
    expect((await client('globex-app')).acceptBypassAt).toBeUndefined();
    const accepted = GLOBEX.replace('phase: shadow', 'phase: shadow\n        accept_bypass: true');
    await bench.apply(db, accepted);
    const at = bench.now;
    bench.later(60);
    await bench.apply(db, accepted.replace('/cb', '/callback'));
    expect((await client('globex-app')).acceptBypassAt).toEqual(at);
  });

  it('does not let the acceptance go while the client is pairwise', async () => {
    const accepted = GLOBEX.replace('phase: shadow', 'accept_bypass: true');
    await bench.apply(db, accepted);
    await expect(bench.apply(db, GLOBEX)).rejects.toThrow(/accept_bypass/);
  });

  it('keeps a sector with its vendor, and an upstream client with its sector', async () => {
    await bench.apply(db, ACME);
    await expect(bench.apply(db, GLOBEX.replace('globex.example', 'acme.example'))).rejects.toThrow(
      /belongs to the vendor "acme"/,
    );
    await expect(bench.apply(db, GLOBEX.replace('globex-app', 'acme-upstream'))).rejects.toThrow(
      /serves "acme-web" too/,
    );
    await expect(bench.apply(db, GLOBEX.replace('globex-app', 'acme-web'))).rejects.toThrow(
      /belongs to the vendor "acme"/,
    );
  });

  it('moves a client to another sector where nobody has a subject to lose', async () => {
    await bench.apply(db, ACME);
    await bench.apply(db, ACME.replace('acme.example/callback', 'new.acme.example/callback'));
    expect([...(await readSectorOwners(db)).keys()]).toEqual(['new.acme.example']);
  });

  it('refuses a change of sector that changes subjects, unless it was asked for', async () => {
    await bench.apply(db, ACME);
    await giveSubject(db, 'acme.example', 'a');
    await giveSubject(db, 'acme.example', 'b');
    const moved = ACME.replace('acme.example/callback', 'new.acme.example/callback');
    const plan = await planApply(bench.context(db), readApplyDocument(moved, NO_SECRETS));
    expect(plan.sectorMoves).toEqual([
      { clientId: 'acme-web', from: 'acme.example', to: 'new.acme.example', users: 2 },
    ]);
    const refused = await bench.apply(db, moved).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(SectorChangeError);
    expect(refused).toMatchObject({ clientId: 'acme-web', users: 2 });
    expect((await client()).client.sector).toBe('acme.example');

    await bench.apply(db, moved, { sectorChange: 'allowed' });
    const { client: after } = await client();
    expect(after.sector).toBe('new.acme.example');
    // Tokens that carry subjects of the old sector are dead, and the sector stays the vendor's.
    expect(after.notBefore).toBe(await lastChange(db));
    expect((await readSectorOwners(db)).get('acme.example')).toBe('acme');
  });

  it('lets one of two that apply at once create, and the other find it done', async () => {
    const plans = await Promise.all([bench.apply(db, ACME), bench.apply(db, ACME)]);
    expect(new Set(plans.map(({ changes }) => changes[0]?.action))).toEqual(
      new Set(['create', 'unchanged']),
    );
  });

  it('tells client ids apart by case', async () => {
    await bench.apply(db, ACME);
    const other = ACME.replaceAll('acme', 'ACME').replaceAll('ACME.example', 'upper.example');
    await bench.apply(db, other.replace('id: ACME\n', 'id: Acme\n'));
    expect(await readClients(db, bench.atRest)).toHaveLength(2);
    expect(await readVendors(db)).toHaveLength(2);
  });
});
