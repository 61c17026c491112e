import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction } from '../database/connection.ts';
import { deleteFreeze, insertFreeze, readFreeze, type Freeze } from '../vendors/freeze-store.ts';
import { lockRegistry } from '../vendors/vendor-store.ts';
import type { OperationContext } from './context.ts';

/** Whether rollouts are frozen now, and whether this changed it. */
export interface FreezeOutcome {
  readonly freeze: Freeze | undefined;
  readonly changed: boolean;
}

type FreezeContext = Pick<OperationContext, 'db' | 'clock'>;

/** Lets no client go further until it is lifted; rollbacks stay possible. Frozen already: nothing changes. */
export function freezeRollouts({ db, clock }: FreezeContext, by: By): Promise<FreezeOutcome> {
  const at = clock();
  return inTransaction(db, async (trx) => {
    await lockRegistry(trx);
    const standing = await readFreeze(trx);
    if (standing !== undefined) return { freeze: standing, changed: false };
    const freeze = { at, actor: by.actor, reason: by.reason };
    await insertFreeze(trx, freeze);
    await appendAudit(trx, { ...by, act: 'rollouts.frozen', target: 'rollouts' }, at);
    return { freeze, changed: true };
  });
}

/** Lets clients go further again. */
export function liftFreeze({ db, clock }: FreezeContext, by: By): Promise<FreezeOutcome> {
  const at = clock();
  return inTransaction(db, async (trx) => {
    await lockRegistry(trx);
    if ((await readFreeze(trx)) === undefined) return { freeze: undefined, changed: false };
    await deleteFreeze(trx);
    await appendAudit(trx, { ...by, act: 'rollouts.unfrozen', target: 'rollouts' }, at);
    return { freeze: undefined, changed: true };
  });
}
