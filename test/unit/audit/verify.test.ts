/**
 * Somebody who can write the database covers tracks: changes a row, takes one out, puts one in, moves
 * one, cuts off the end. Each single change must be found; where the head was changed to fit, by the
 * head that was kept elsewhere.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Damage } from '../../../src/audit/verify.ts';
import { verifyAudit } from '../../../src/audit/verify.ts';
import { readHead } from '../../../src/audit/store.ts';
import { bytes } from '../../../src/database/bytes.ts';
import type { Connection } from '../../../src/database/connection.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { act, append, meet, met, segment, user } from './log.ts';

const ROWS = 12;

/** A log with rows of every kind. */
async function aLog(db: Connection): Promise<void> {
  await meet(db, [1, 2, 3]);
  for (let n = 1; n <= ROWS; n += 1) {
    if (n % 4 === 0) await segment(db, [met(n / 4, { made: true })]);
    else {
      const more = n % 2 === 0 ? { reason: 'why', requestId: 'r', details: { n } } : {};
      await append(db, act(`c${n}`, { ...more, ...(n % 3 === 0 && { user: user(n) }) }));
    }
  }
}

type Row = Record<string, unknown> & { position: number };

/** Replaces all rows: a mutation is described by what it makes of them. */
async function write(db: Connection, table: string, rows: readonly Row[]): Promise<void> {
  await db(table).delete();
  for (const row of rows) await db(table).insert(row);
}

const columnOf = fc.constantFrom(
  ...['act', 'actor', 'target', 'handle', 'reason', 'request_id', 'details', 'at', 'hash'],
);

/** Another value than the one that stands there, of a kind that the column takes on every dialect. */
function otherValue(column: string, value: unknown, letter: string): unknown {
  if (column === 'at') return Number(value) + 1 + letter.charCodeAt(0);
  if (column === 'act') return `${String(value)}${letter}`;
  if (!(value instanceof Uint8Array))
    return bytes(column === 'handle' ? letter.repeat(16) : letter);
  if (column === 'handle' || column === 'hash') {
    const changed = Buffer.from(value);
    const place = letter.charCodeAt(0) % changed.length;
    changed.writeUInt8(changed.readUInt8(place) ^ 1, place);
    return changed;
  }
  return Buffer.concat([value, bytes(letter)]);
}

const letter = fc.constantFrom('a', 'B', 'z', '0', ' ', '\u0000');
const at = fc.integer({ min: 0, max: ROWS - 1 });

/** One mutation of the rows of the chain. */
const mutation = fc.oneof(
  fc.record({ kind: fc.constant('change' as const), at, column: columnOf, letter }),
  fc.record({
    kind: fc.constant('null' as const),
    at,
    column: fc.constantFrom('handle', 'reason', 'details'),
  }),
  fc.record({ kind: fc.constant('remove' as const), at }),
  fc.record({ kind: fc.constant('swap' as const), at, by: fc.integer({ min: 1, max: ROWS - 1 }) }),
  fc.record({
    kind: fc.constant('insert' as const),
    at,
    position: fc.constantFrom(-1, 0, ROWS + 1, ROWS + 9),
  }),
  fc.record({ kind: fc.constant('shift' as const), at }),
);
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

/** The rows after a mutation; `undefined` where it changes nothing. */
function mutated(rows: readonly Row[], how: Mutation): readonly Row[] | undefined {
  const row = rows[how.at];
  if (row === undefined) return undefined;
  const replaced = (by: Row): Row[] => rows.map((each) => (each === row ? by : each));
  switch (how.kind) {
    case 'change':
      return replaced({
        ...row,
        [how.column]: otherValue(how.column, row[how.column], how.letter),
      });
    case 'null':
      return row[how.column] === null ? undefined : replaced({ ...row, [how.column]: null });
    case 'remove':
      return rows.filter((each) => each !== row);
    case 'swap': {
      const other = rows[(how.at + how.by) % ROWS];
      if (other === undefined) return undefined;
      return rows.map((each) => {
        if (each === row) return { ...other, position: row.position };
        return each === other ? { ...row, position: other.position } : each;
      });
    }
    case 'insert':
      return [...rows, { ...row, position: how.position }];
    case 'shift':
      return rows.map((each) =>
        each.position >= row.position ? { ...each, position: each.position + 1 } : each,
      );
  }
}

describeOnEachDialect('verifying the audit log', (open) => {
  test('finds any single change of any row', async () => {
    const { db } = await open.fresh();
    await aLog(db);
    const rows: Row[] = await db('audit_log').select('*').orderBy('position');
    expect(rows).toHaveLength(ROWS);
    expect(await verifyAudit(db)).toMatchObject({ intact: true });
    await fc.assert(
      fc.asyncProperty(mutation, async (how) => {
        const after = mutated(rows, how);
        fc.pre(after !== undefined);
        await write(db, 'audit_log', after);
        expect((await verifyAudit(db)).damages).not.toEqual([]);
      }),
      { numRuns: open.dialect === 'sqlite' ? 150 : 60 },
    );
    await write(db, 'audit_log', rows);
    expect(await verifyAudit(db)).toMatchObject({ intact: true });
  });

  test('finds any change of a segment, and one that is gone, moved or added', async () => {
    const { db } = await open.fresh();
    await aLog(db);
    const rows: Row[] = await db('audit_segments').select('*').orderBy('position');
    const [first, second] = rows as [Row, Row];
    const found = async (after: readonly Row[]): Promise<readonly Damage['kind'][]> => {
      await write(db, 'audit_segments', after);
      return (await verifyAudit(db)).damages.map(({ kind }) => kind);
    };
    expect(await found(rows)).toEqual([]);
    const records = Buffer.concat([first['records'] as Buffer, bytes(' ')]);
    expect(await found([{ ...first, records }, ...rows.slice(1)])).toEqual(['segment_changed']);
    expect(await found(rows.slice(1))).toEqual(['segment_missing']);
    const swapped = [
      { ...first, position: second.position },
      { ...second, position: first.position },
    ];
    expect(await found([...swapped, ...rows.slice(2)])).toEqual([
      'segment_changed',
      'segment_changed',
    ]);
    expect(await found([...rows, { ...first, position: 1 }])).toEqual(['segment_unexpected']);
    expect(await found([...rows, { ...first, position: ROWS + 5 }])).toEqual([
      'segment_unexpected',
    ]);
    expect(await found([...rows, { ...first, position: 0 }])).toEqual(['segment_unexpected']);
  });

  test('finds a head that was changed, or is gone', async () => {
    const { db } = await open.fresh();
    await aLog(db);
    const head = await readHead(db);
    const kinds = async () => (await verifyAudit(db)).damages.map(({ kind }) => kind);
    await db('audit_head').update({ hash: Buffer.alloc(32, 1) });
    expect(await kinds()).toEqual(['head_changed']);
    await db('audit_head').update({ ...head, position: ROWS + 1 });
    expect(await kinds()).toEqual(['row_missing']);
    await db('audit_head').update({ ...head, position: ROWS - 1 });
    expect(await kinds()).toContain('row_unexpected');
    await db('audit_head').delete();
    expect(await kinds()).toContain('head_changed');
  });

  test('an end that was cut off together with the head is found by a head that was kept', async () => {
    const { db } = await open.fresh();
    await aLog(db);
    const anchor = await readHead(db);
    const kept = ROWS - 3;
    await db('audit_log').where('position', '>', kept).delete();
    await db('audit_segments').where('position', '>', kept).delete();
    const [last] = await db('audit_log').where({ position: kept }).select('hash');
    await db('audit_head').update({ position: kept, hash: last.hash });
    expect(await verifyAudit(db)).toMatchObject({ intact: true });
    const { damages } = await verifyAudit(db, anchor);
    expect(damages.map(({ kind }) => kind)).toEqual(['anchor_broken']);
  });

  test('a log that was made anew from the beginning is found by a head that was kept', async () => {
    const { db } = await open.fresh();
    await aLog(db);
    const anchor = await readHead(db);
    await db('audit_log').delete();
    await db('audit_segments').delete();
    await db('audit_head').update({ position: 0, hash: Buffer.alloc(32) });
    for (let n = 1; n <= ROWS + 2; n += 1) await append(db, act(`forged${n}`));
    expect(await verifyAudit(db)).toMatchObject({ intact: true });
    const { damages } = await verifyAudit(db, anchor);
    expect(damages.map(({ kind }) => kind)).toEqual(['anchor_broken']);
  });

  test('an older head still fits a log that has grown', async () => {
    const { db } = await open.fresh();
    const empty = await readHead(db);
    await aLog(db);
    const anchor = await readHead(db);
    await append(db, act('later'));
    expect(await verifyAudit(db, anchor)).toMatchObject({ intact: true });
    expect(await verifyAudit(db, empty)).toMatchObject({ intact: true });
  });

  test('finds nothing wrong while others append', async () => {
    const database = await open.fresh();
    const other = database.connect();
    let over = false;
    const writing = (async () => {
      for (let n = 0; n < 40; n += 1) await append(other, act(`c${n}`));
      over = true;
    })();
    const found: Damage[] = [];
    while (!over) found.push(...(await verifyAudit(database.db)).damages);
    await writing;
    expect(found).toEqual([]);
  });
});
