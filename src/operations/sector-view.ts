import type { LinkedSectors } from './link-sectors.ts';
import type { ListedSector } from './list-sectors.ts';
import type { LinkPlan } from './sector-link-plan.ts';
import type { UnlinkedSectors, UnlinkPlan } from './unlink-sectors.ts';

type View = Readonly<Record<string, unknown>>;

/** Whether a sector uses the subjects of another one, as it is listed. */
export function sectorLinkView({ link }: Pick<ListedSector, 'link'>): View {
  const state =
    link?.mode === 'linked' && link.carriedAt === undefined ? 'carrying' : (link?.mode ?? null);
  return {
    ...{ linked_into: link?.into ?? null, link_state: state },
    ...{ between_vendors: link?.betweenVendors ?? false, linked_at: link?.linkedAt ?? null },
  };
}

/** What became of two sectors that share subjects. */
export function linkedSectorsView(done: LinkedSectors): View {
  const { sector, into, carried, merged } = done;
  return {
    ...{ sector, linked_into: into, was_linked: done.wasLinked, carried, merged },
    ...{ grace_days: done.graceDays, resumed: done.resumed },
  };
}

/** What became of two sectors that share subjects no more. */
export function unlinkedSectorsView(done: UnlinkedSectors): View {
  const { sector, from, shared, kept } = done;
  return {
    ...{ sector, unlinked_from: from, shared, kept },
    ...{ grace_days: done.graceDays, resumed: done.resumed },
  };
}

/** What is asked before two sectors share subjects. */
export function linkQuestion({ sector, into, vendors, ...plan }: LinkPlan): string {
  const [own, other] = vendors;
  const users = `Users there: ${plan.users}, and ${plan.usersThere} in "${into}".`;
  const what = `Let the clients of "${sector}" use the subjects of "${into}" from now on? ${users}`;
  if (!plan.betweenVendors) return what;
  return (
    `${what} The vendors "${own}" and "${other}" can then tell which users they have in common, ` +
    'what each knows of them included, and unlinking does not undo that.'
  );
}

/** What is asked before they do not any more. */
export function unlinkQuestion({ link, users }: UnlinkPlan, keep: boolean): string {
  const { sector, into } = link;
  const how = keep
    ? 'Users whom both know keep the same subject in both, and can be told to be the same.'
    : 'Users whom both know get a new subject in it, of which its clients are told.';
  return `Give "${sector}" subjects of its own, apart from "${into}", which has ${users} users? ${how}`;
}
