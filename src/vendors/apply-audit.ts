import type { By } from '../audit/by.ts';
import type { AuditEntry } from '../audit/entry.ts';
import type { Plan, PlannedChange } from './apply.ts';
import type { Registrations } from './registration.ts';

/** What the audit log keeps of a plan that was carried out: names of members, never values. */
export function auditOf(
  plan: Plan,
  { clients }: Registrations,
  { actor, reason, requestId }: By,
): readonly AuditEntry[] {
  const by: By = { actor, reason, requestId };
  const changed = plan.changes.flatMap((change) => entryOf(change, by));
  const moved = plan.sectorMoves.map(({ clientId, from, to, users }): AuditEntry => {
    return { ...by, act: 'client.sector_changed', target: clientId, details: { from, to, users } };
  });
  const accepted = clients.flatMap(({ settings }): readonly AuditEntry[] => {
    const change = plan.changes.find(
      ({ kind, id }) => kind === 'client' && id === settings.clientId,
    );
    if (!settings.acceptBypass || change === undefined) return [];
    const isNew = change.action === 'create' || change.fields.includes('accept_bypass');
    return isNew ? [{ ...by, act: 'client.bypass_accepted', target: settings.clientId }] : [];
  });
  const shown = clients.flatMap(({ settings: { clientId, metadata } }): readonly AuditEntry[] => {
    const change = plan.changes.find(({ kind, id }) => kind === 'client' && id === clientId);
    const { migration } = metadata;
    if (migration?.mode !== 'dual' || change === undefined) return [];
    if (change.action !== 'create' && !change.fields.includes('migration')) return [];
    const details = { claim: migration.claim, until: migration.until };
    return [{ ...by, act: 'client.former_subject_released', target: clientId, details }];
  });
  return [...changed, ...moved, ...accepted, ...shown];
}

function entryOf({ action, kind, id, fields }: PlannedChange, by: By): readonly AuditEntry[] {
  if (action === 'unchanged') return [];
  if (action === 'create') return [{ ...by, act: `${kind}.created`, target: id }];
  return [{ ...by, act: `${kind}.updated`, target: id, details: { fields: fields.join(' ') } }];
}
