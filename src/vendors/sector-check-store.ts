import { bytes, text } from '../database/bytes.ts';
import {
  isUniqueViolation,
  orUnavailable,
  type Connection,
  type Transaction,
} from '../database/connection.ts';

/** What the last look at a client's `sector_identifier_uri` found. */
export interface SectorCheck {
  readonly clientId: string;
  readonly checkedAt: Date;
  /** Undefined: all is in order. */
  readonly failingSince: Date | undefined;
  readonly problem: string | undefined;
}

interface Row {
  readonly client_id: Buffer;
  readonly checked_at: number;
  readonly failing_since: number | null;
  readonly problem: string | null;
}

const TABLE = 'sector_checks';

/** The last check of every client that has been checked. */
export async function readSectorChecks(db: Connection): Promise<ReadonlyMap<string, SectorCheck>> {
  const rows = await orUnavailable(() => db<Row>(TABLE));
  return new Map(rows.map((row) => [text(row.client_id), fromRow(row)]));
}

/**
 * Takes the check of a client that was last checked at `before`; false: another replica
 * has. The present problem stays until there is an outcome.
 */
export async function claimSectorCheck(
  trx: Transaction,
  clientId: string,
  before: Date | undefined,
  at: Date,
): Promise<boolean> {
  const where = { client_id: bytes(clientId) };
  if (before === undefined) {
    try {
      await trx(TABLE).insert({ ...where, checked_at: at.getTime() });
      return true;
    } catch (error) {
      if (isUniqueViolation(error)) return false;
      throw error;
    }
  }
  const claimed = await trx(TABLE)
    .where({ ...where, checked_at: before.getTime() })
    .update({ checked_at: at.getTime() });
  return claimed === 1;
}

/** Notes what a check found; nothing where the client has been removed meanwhile. */
export async function saveSectorCheck(
  trx: Transaction,
  { clientId, failingSince, problem }: SectorCheck,
): Promise<boolean> {
  const saved = await trx(TABLE)
    .where({ client_id: bytes(clientId) })
    .update({ failing_since: failingSince?.getTime() ?? null, problem: problem ?? null });
  return saved === 1;
}

/** Forgets the checks of a client that is removed. */
export async function deleteSectorCheck(trx: Transaction, clientId: string): Promise<void> {
  const where = { client_id: bytes(clientId) };
  await trx(TABLE).where(where).delete();
}

function fromRow(row: Row): SectorCheck {
  return {
    clientId: text(row.client_id),
    checkedAt: new Date(row.checked_at),
    failingSince: row.failing_since === null ? undefined : new Date(row.failing_since),
    problem: row.problem ?? undefined,
  };
}
