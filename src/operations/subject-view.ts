import type { SaltVersion } from '../subjects/salts/rotation.ts';
import type { Erasure } from './erase-subject.ts';
import type { ImportReport } from './import-subjects.ts';
import type { LinkedSubject } from './link-subject.ts';
import type { LinkReport } from './link-subjects.ts';
import type { HeldPseudonym } from './list-subject.ts';
import type { RotatedSubject } from './rotate-subject.ts';
import type { RotatedSubjects } from './rotate-subjects.ts';

type View = Readonly<Record<string, unknown>>;

/** A pseudonym of a user, as it is shown to whoever asked for the user. */
export function heldView(one: HeldPseudonym): View {
  return {
    ...{ sector: one.sector, vendor: one.vendorId ?? null, sub: one.sub },
    ...{ generation: one.generation, algorithm: one.algorithm, created_at: one.createdAt },
    retired_at: one.retiredAt ?? null,
    grace_until: one.graceUntil ?? null,
    linked_sectors: one.linkedSectors,
  };
}

/** What an erasure did. */
export function erasureView({ id, auditPosition, ...done }: Erasure): View {
  return { erasure: id, ...done, audit_position: auditPosition };
}

/** What became of one pseudonym. */
export function rotatedView(done: RotatedSubject, endedSessions: boolean): View {
  return {
    ...{ sector: done.sector, generation: done.generation },
    ...{ old_sub: done.oldSub, new_sub: done.newSub },
    ...{ grace_until: done.graceUntil, ended_sessions: endedSessions },
  };
}

/** What became of many. */
export function rotatedManyView(done: RotatedSubjects): View {
  return {
    ...{ scope: done.scope, rotated: done.rotated, grace_days: done.graceDays },
    ...{ ended_sessions: done.endedSessions, resumed: done.resumed },
  };
}

/** What became of a user whom the provider calls otherwise. */
export function linkedView(done: LinkedSubject, graceDays: number): View {
  const { wasLinked, sectors, merged } = done;
  return { linked: true, was_linked: wasLinked, sectors, merged, grace_days: graceDays };
}

/** What became of a file of users. */
export function importView(sector: string, report: ImportReport, dryRun: boolean): View {
  const { id, created, present, erased, lastLine } = report;
  return { sector, import: id, dry_run: dryRun, created, present, erased, last_line: lastLine };
}

/** What became of a file of users whom the provider calls otherwise. */
export function linkFileView(report: LinkReport, dryRun: boolean): View {
  const { id, linked, present, kept, merged, lastLine } = report;
  return {
    ...{ run: id, dry_run: dryRun, linked, present },
    ...{ pseudonyms: kept, merged, last_line: lastLine },
  };
}

/** A version of the salt. */
export function saltView(one: SaltVersion): View {
  return {
    ...{ version: one.version, state: one.state, pseudonyms: one.pseudonyms },
    created_at: one.createdAt,
    retired_at: one.retiredAt ?? null,
    destroy_after: one.destroyAfter ?? null,
  };
}
