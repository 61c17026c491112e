import type { By } from '../audit/by.ts';
import { appendAudit, findHandle } from '../audit/store.ts';
import { userIndex as indexUser } from '../database/blind-index.ts';
import { inTransaction, orUnavailable } from '../database/connection.ts';
import { namesOf } from '../subjects/former-names.ts';
import { heldInSector } from '../subjects/holdings.ts';
import type { HeldInSector } from '../subjects/holdings.ts';
import { sectorWithLinked } from '../database/sector-links.ts';
import { sectorsInUse } from '../subjects/sectors.ts';
import { readSectorOwners } from '../vendors/vendor-store.ts';
import type { OperationContext } from './context.ts';
import { nameKeys } from './link-batch.ts';
import { admitLookup } from './lookup-admission.ts';
import { requireLocalSubject } from './requested-user.ts';

/** What is held on a user in one sector. */
export interface ExportedSector extends HeldInSector {
  readonly sector: string;
  readonly vendor: string | null;
  /** Sectors whose clients are given the pseudonyms that stand here. */
  readonly linked_sectors: readonly string[];
  /** The name by which the audit log tells of the user there. */
  readonly audit_handle: string | null;
}

/** All that is held on a user, for machines to read; times are ISO 8601. */
export interface ExportedSubject {
  readonly local_subject: string;
  /** What the provider called the user before, as far as that is kept. */
  readonly former_names: readonly string[];
  readonly exported_at: string;
  readonly sectors: readonly ExportedSector[];
}

/**
 * All that is held on a user, in every sector.
 *
 * @throws RegistrationError, ThrottledError
 */
export async function exportSubject(
  context: OperationContext,
  localSubject: string,
  by: By,
): Promise<ExportedSubject> {
  requireLocalSubject(localSubject);
  await admitLookup(context, by);
  const exported = await collectSubject(context, localSubject);
  await inTransaction(context.db, (trx) => {
    const details = { sectors: exported.sectors.length };
    const entry = { ...by, act: 'subject.exported', target: 'user', details } as const;
    return appendAudit(trx, entry, context.clock());
  });
  return exported;
}

/**
 * What {@link exportSubject} tells, recorded nowhere: for those who record it themselves.
 *
 * @throws RegistrationError
 */
export async function collectSubject(
  context: Pick<OperationContext, 'db' | 'atRest' | 'keyring' | 'clock'>,
  localSubject: string,
): Promise<ExportedSubject> {
  requireLocalSubject(localSubject);
  const { db, keyring, clock } = context;
  const at = clock();
  const { names, past } = await orUnavailable(() =>
    namesOf(db, nameKeys(context), localSubject, at),
  );
  const [present, ...former] = names;
  const sectors = await orUnavailable(async () => {
    const owners = await readSectorOwners(db);
    const held: ExportedSector[] = [];
    for (const sector of await sectorsInUse(db)) {
      const user = { sector, userIndex: indexUser(keyring.index, sector, present) };
      const found = await heldInSector(db, user);
      const handle = await findHandle(db, user);
      if (found === undefined && handle === undefined) continue;
      held.push({
        ...{ sector, vendor: owners.get(sector) ?? null },
        linked_sectors: (await sectorWithLinked(db, sector)).slice(1),
        ...(found ?? { pseudonyms: [], sessions: [], notices: [], changes: [], given: [] }),
        audit_handle: handle?.toString('hex') ?? null,
      });
    }
    return held;
  });
  return {
    ...{ local_subject: present, former_names: [...former, ...past] },
    ...{ exported_at: at.toISOString(), sectors },
  };
}
