import { bytes, text } from '../database/bytes.ts';
import type { Connection, Transaction } from '../database/connection.ts';
import type { Phase, PhaseVersion } from './client.ts';

/** A recorded version with who made it and why; what `rollout history` shows. */
export interface RecordedPhase extends PhaseVersion {
  readonly actor: string;
  readonly reason: string | undefined;
  /** The version that a rollback restored with this one. */
  readonly restores: number | undefined;
  /** Whether the rollout was said to be over with this one. */
  readonly isDone?: boolean | undefined;
  /** What was looked at before it, as it was; undefined: it went no further than the one before. */
  readonly gates?: readonly Gate[] | undefined;
}

/** Something that is looked at before a client goes a step further. */
export interface Gate {
  readonly name: string;
  readonly state: 'green' | 'red';
  /** Whether the step is refused while it is red. */
  readonly refuses: boolean;
  /** What was found; names no user. */
  readonly message: string;
}

interface PhaseRow {
  readonly client_id: Buffer;
  readonly version: number;
  readonly phase: Phase;
  readonly percent: number | null;
  readonly pilot_users: string;
  readonly actor: string;
  readonly reason: string | null;
  readonly restores: number | null;
  readonly done: number | boolean | null;
  readonly gates: string | null;
  readonly change_position: number | string;
  readonly at: number | string;
}

/** The recorded phases of all clients, or of those named; oldest first. */
export async function readPhases(
  db: Connection,
  clientIds?: readonly string[],
): Promise<ReadonlyMap<string, readonly RecordedPhase[]>> {
  const query = db<PhaseRow>('phase_changes').orderBy(['client_id', 'version']);
  const rows = await (clientIds === undefined
    ? query
    : query.whereIn('client_id', clientIds.map(bytes)));
  const phases = new Map<string, RecordedPhase[]>();
  for (const row of rows) {
    const clientId = text(row.client_id);
    phases.set(clientId, [...(phases.get(clientId) ?? []), fromRow(row)]);
  }
  return phases;
}

/** How many clients are in a phase, wholly or narrowed to some of their users. */
export interface PhaseCount {
  readonly phase: Phase;
  readonly narrowed: boolean;
  readonly clients: number;
}

/** How many clients stand in each phase. */
export async function countPhases(db: Connection): Promise<readonly PhaseCount[]> {
  const newest = db('phase_changes')
    .select('client_id')
    .max({ version: 'version' })
    .groupBy('client_id')
    .as('newest');
  const rows = await db('phase_changes')
    .join(newest, (on) => {
      on.on('phase_changes.client_id', 'newest.client_id').andOn(
        'phase_changes.version',
        'newest.version',
      );
    })
    .select<Pick<PhaseRow, 'phase' | 'percent' | 'pilot_users'>[]>(
      ...['phase', 'percent', 'pilot_users'],
    );
  const counts = Map.groupBy(rows, ({ phase, percent, pilot_users: pilots }) => {
    const narrowed = phase === 'pairwise' && (percent !== null || pilots !== '[]');
    return JSON.stringify({ phase, narrowed });
  });
  return [...counts].map(([key, { length }]) => {
    return { ...(JSON.parse(key) as Omit<PhaseCount, 'clients'>), clients: length };
  });
}

/** Records a version. Within the transaction that appended its change. */
export async function insertPhase(
  trx: Transaction,
  clientId: string,
  recorded: RecordedPhase,
): Promise<void> {
  await trx('phase_changes').insert({
    client_id: bytes(clientId),
    version: recorded.version,
    phase: recorded.phase,
    percent: recorded.percent ?? null,
    pilot_users: JSON.stringify(recorded.pilotUsers),
    actor: recorded.actor,
    reason: recorded.reason ?? null,
    restores: recorded.restores ?? null,
    done: recorded.isDone === true,
    gates: recorded.gates === undefined ? null : JSON.stringify(recorded.gates),
    change_position: recorded.change,
    at: recorded.at.getTime(),
  });
}

/**
 * Takes users, by their indexes in base64url, off all lists of pilot users, history
 * too. A list that is empty then still narrows to nobody.
 *
 * @returns the clients whose phases were changed
 */
export async function forgetPilots(
  trx: Transaction,
  users: ReadonlySet<string>,
): Promise<readonly string[]> {
  const rows = await trx<PhaseRow>('phase_changes')
    .whereNot('pilot_users', '[]')
    .select('client_id', 'version', 'percent', 'pilot_users');
  const changed = new Set<string>();
  for (const { client_id: id, version, percent, pilot_users: list } of rows) {
    const pilots = JSON.parse(list) as string[];
    const others = pilots.filter((one) => !users.has(one));
    if (others.length === pilots.length) continue;
    changed.add(text(id));
    await trx('phase_changes')
      .where({ client_id: id, version })
      .update({ pilot_users: JSON.stringify(others), percent: percent ?? 0 });
  }
  return [...changed];
}

function fromRow(row: PhaseRow): RecordedPhase {
  return {
    version: row.version,
    phase: row.phase,
    percent: row.percent ?? undefined,
    pilotUsers: JSON.parse(row.pilot_users) as string[],
    change: Number(row.change_position),
    at: new Date(Number(row.at)),
    actor: row.actor,
    reason: row.reason ?? undefined,
    restores: row.restores ?? undefined,
    isDone: Boolean(row.done),
    gates: row.gates === null ? undefined : (JSON.parse(row.gates) as Gate[]),
  };
}
