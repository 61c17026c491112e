import { expect, it } from 'vitest';

import { eraseSubject } from '../../../src/operations/erase-subject.ts';
import { importDerivation } from '../../../src/operations/import-settings.ts';
import { importSubjects } from '../../../src/operations/import-subjects.ts';
import type { ImportRequest } from '../../../src/operations/import-subjects.ts';
import type { ImportRow, RowProblem } from '../../../src/subjects/import.ts';
import { bytes } from '../../../src/database/bytes.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { SALT } from '../subjects/replica.ts';
import { BY, setStage } from './lifecycle.ts';
import type { Stage } from './lifecycle.ts';

type Item = ImportRow | RowProblem;

const OWN = { algorithm: 'hmac-sha256', pairwiseSalt: SALT } as const;

async function* stream(items: Iterable<Item>): AsyncGenerator<Item> {
  yield* items;
}

function rows(...users: readonly (readonly [string, string?])[]): Item[] {
  return users.map(([localSubject, sub], index) => ({ line: index + 2, localSubject, sub }));
}

async function run(
  { context }: Stage,
  sector: string,
  items: Iterable<Item>,
  changes: Partial<ImportRequest> = {},
) {
  const preserves = changes.mayPreserve === true;
  const derive = await importDerivation(
    { ...context, ...OWN },
    {
      ...{ sector, preserves, foreign: undefined },
    },
  );
  return importSubjects(
    context,
    {
      ...{ sector, given: false, mayPreserve: false, dryRun: false, derive },
      rows: stream(items),
      ...changes,
    },
    BY,
  );
}

describeOnEachDialect('an import', (open) => {
  it('gives users what a login would have given them', async () => {
    const stage = await setStage(await open.fresh());
    const client = await stage.client('acme.example');
    const other = await setStage(await open.fresh());
    const twin = await other.client('acme.example');
    const report = await run(stage, client.sector, rows(['alice'], ['bob']));
    expect(report).toMatchObject({ created: 2, present: 0, complete: true, lastLine: 3 });
    for (const user of ['alice', 'bob']) {
      const imported = await stage.replica.subjectOf(client, user);
      expect(imported).toMatch(/^[a-z2-7]{52}$/);
      expect(imported).toBe(await other.replica.subjectOf(twin, user));
    }
  });

  it('keeps the values of another system, and may be repeated', async () => {
    const stage = await setStage(await open.fresh());
    const client = await stage.client('acme.example');
    const items = rows(['alice', 'old-A'], ['bob', 'old-b'], ['carol']);
    expect(await run(stage, client.sector, items)).toMatchObject({ created: 3, present: 0 });
    expect(await run(stage, client.sector, items)).toMatchObject({ created: 0, present: 3 });
    expect(await stage.replica.subjectOf(client, 'alice')).toBe('old-A');
  });

  it('derives as another system did, with the salt of that system', async () => {
    const stage = await setStage(await open.fresh());
    const client = await stage.client('acme.example');
    const derive = await importDerivation(
      { ...stage.context, ...OWN },
      {
        ...{ sector: client.sector, preserves: false },
        foreign: { algorithm: 'oidc-sha256', text: 'pepper' },
      },
    );
    await run(stage, client.sector, rows(['alice']), { derive });
    const expected = Buffer.from(
      await crypto.subtle.digest('SHA-256', bytes('acme.examplealicepepper')),
    ).toString('base64url');
    expect(await stage.replica.subjectOf(client, 'alice')).toBe(expected);
  });

  it('writes nothing of a batch with a problem, keeps those before it, and goes on later', async () => {
    const stage = await setStage(await open.fresh());
    const { sector } = await stage.client('acme.example');
    const many: Item[] = Array.from({ length: 2500 }, (_, index) => ({
      line: index + 2,
      localSubject: `user-${index}`,
    }));
    const broken = many.with(1700, { line: 1702, wrong: 'is not CSV' });
    const report = await run(stage, sector, broken);
    expect(report).toMatchObject({ created: 1000, lastLine: 1001, complete: false });
    expect(report.problems).toEqual([{ line: 1702, wrong: 'is not CSV' }]);
    expect(await pseudonymsIn(stage)).toBe(1000);
    expect(await run(stage, sector, many)).toMatchObject({ created: 1500, present: 1000 });
  });

  it('refuses values that would make two users one, each with its line', async () => {
    const stage = await setStage(await open.fresh());
    const client = await stage.client('acme.example');
    const known = await stage.replica.subjectOf(client, 'alice');
    const report = await run(
      stage,
      client.sector,
      rows(
        ['alice', 'another'],
        ['bob', known],
        ['carol', 'alice'],
        ['dave', 'erin'],
        ['erin', 'x'],
        ['frank', 'x'],
        [known],
        ['grace', 'grace'],
        [''],
        ['henry', 'y'],
        ['henry', 'z'],
      ),
    );
    expect(report).toMatchObject({ created: 0, complete: false });
    expect(report.problems.map(({ line, wrong }) => `${line}: ${wrong}`)).toEqual([
      '2: the user has another pseudonym already',
      '3: sub is the local_subject of line 8',
      '4: sub is the local_subject of line 2',
      '5: sub is the local_subject of line 6',
      '7: sub is that of another user in line 6',
      '8: local_subject is the pseudonym of another user',
      '9: sub is the local subject itself; only migration mode preserve keeps it',
      '10: local_subject is not text of 1 to 255 bytes',
      '12: local_subject stands with another sub in line 11',
    ]);
    expect(JSON.stringify(report.problems)).not.toContain(known);
    const later = await run(stage, client.sector, rows(['bob', known], ['carol', 'alice']));
    expect(later.problems.map(({ line, wrong }) => `${line}: ${wrong}`)).toEqual([
      '2: sub is the pseudonym of another user',
      '3: sub is the local subject of another user',
    ]);
    expect(await pseudonymsIn(stage)).toBe(1);
  });

  it('keeps the original subject of users whom the vendor has, where that is asked for', async () => {
    const stage = await setStage(await open.fresh());
    const client = await stage.client('acme.example');
    const preserved = { given: true, mayPreserve: true };
    expect(await run(stage, client.sector, rows(['alice']), preserved)).toMatchObject({
      created: 1,
    });
    expect(await stage.replica.subjectOf(client, 'alice')).toBe('alice');
    expect(await stage.replica.subjectOf(client, 'bob')).toMatch(/^[a-z2-7]{52}$/);
  });

  it('does not bring back a user who was erased', async () => {
    const stage = await setStage(await open.fresh());
    const client = await stage.client('acme.example');
    const before = await stage.replica.subjectOf(client, 'alice');
    await eraseSubject(stage.context, 'alice', BY);
    const report = await run(stage, client.sector, rows(['alice', 'value'], ['bob']));
    expect(report).toMatchObject({ created: 1, erased: 1, complete: true });
    const after = await stage.replica.subjectOf(client, 'alice');
    expect([before, 'value']).not.toContain(after);
  });

  it('looks at everything and writes nothing in a dry run', async () => {
    const stage = await setStage(await open.fresh());
    const { sector } = await stage.client('acme.example');
    const dryRun = { dryRun: true };
    expect(await run(stage, sector, rows(['alice'], ['bob']), dryRun)).toMatchObject({
      created: 2,
    });
    const report = await run(stage, sector, rows(['alice', 'alice'], ['bob', 'bob']), dryRun);
    expect(report.problems).toHaveLength(2);
    expect(await pseudonymsIn(stage)).toBe(0);
    expect(await stage.database.db('audit_log').where({ act: 'subjects.imported' })).toEqual([]);
  });

  it('is recorded batch by batch, and names nobody there', async () => {
    const stage = await setStage(await open.fresh());
    const { sector } = await stage.client('acme.example');
    const { id } = await run(stage, sector, rows(['alice'], ['bob']));
    const entries = await stage.database.db('audit_log').where({ act: 'subjects.imported' });
    const details = JSON.parse(String(entries[0]?.details)) as unknown;
    expect(entries).toHaveLength(1);
    expect(details).toEqual({
      ...{ import: id, created: 2, present: 0, erased: 0, given: false, last_line: 3 },
    });
  });

  it('goes on when users of it log in at the same time', async () => {
    const stage = await setStage(await open.fresh());
    const client = await stage.client('acme.example');
    const users = Array.from({ length: 300 }, (_, index) => `user-${index}`);
    const [report, ...subjects] = await Promise.all([
      run(stage, client.sector, rows(...users.map((user) => [user] as const))),
      ...users.slice(0, 20).map((user) => stage.replica.subjectOf(client, user)),
    ]);
    expect(report.complete).toBe(true);
    expect(await pseudonymsIn(stage)).toBe(300);
    for (const [index, subject] of subjects.entries()) {
      expect(await stage.replica.subjectOf(client, `user-${index}`)).toBe(subject);
    }
  });
});

async function pseudonymsIn({ database }: Stage): Promise<number> {
  const [row] = await database.db('pseudonyms').count({ rows: '*' });
  return Number(row?.['rows']);
}
