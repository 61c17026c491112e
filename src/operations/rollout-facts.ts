import { listAudit } from '../audit/read-store.ts';
import type { Connection } from '../database/connection.ts';
import { hasOriginals } from '../subjects/mapping.ts';
import { shadowLogins } from '../subjects/shadow-logins.ts';
import type { RecordedPhase } from '../vendors/phase-store.ts';
import { stepOf } from '../vendors/rollout-plan.ts';
import type { RolloutStanding } from '../vendors/rollout-standing.ts';
import { canBypass } from '../vendors/rules.ts';
import { usersOfSector } from '../vendors/vendor-store.ts';
import { WINDOW_DAYS, type GateFacts } from './rollout-gates.ts';

const DAY = 86_400_000;
/** Acts on a client's mapping, from the newest on. */
const ACTS_LOOKED_AT = 1000;

/** Reads what the gates of a client are judged by. */
export async function readGateFacts(
  db: Connection,
  { stored, phases }: Pick<RolloutStanding, 'stored' | 'phases'>,
  now: Date,
): Promise<GateFacts> {
  const { client, acceptBypassAt } = stored;
  const { clientId, sector, metadata } = client;
  const since = new Date(now.getTime() - WINDOW_DAYS * DAY);
  return {
    ...{ now, acceptBypassAt, canBypass: canBypass(client), migration: metadata.migration },
    shadow: await shadowLogins(db, clientId, since),
    mappedUsers: await usersOfSector(db, sector),
    hasOriginals: await hasOriginals(db, sector),
    handedOverAt: await handedOverAt(db, clientId),
    continuityEnd: continuityEnd(phases, client),
  };
}

/** When new subjects last left for the vendor: a question that nobody was found by does not count. */
async function handedOverAt(db: Connection, clientId: string): Promise<Date | undefined> {
  const filter = { act: 'mapping.*', target: clientId };
  const acts = await listAudit(db, filter, { limit: ACTS_LOOKED_AT });
  return acts.find(
    ({ act, details }) => act === 'mapping.exported' || Number(details?.['answered'] ?? 0) > 0,
  )?.at;
}

/** The continuity of whoever came to a pseudonym last: with pairwise for everybody. */
function continuityEnd(
  phases: readonly RecordedPhase[],
  { continuityDays, notBefore }: { readonly continuityDays: number; readonly notBefore: number },
): Date | undefined {
  const other = phases.findLastIndex((phase) => !isForEverybody(phase));
  const first = phases[other + 1];
  if (first === undefined) return undefined;
  const nothingBefore = other === -1 || notBefore >= first.change;
  return new Date(first.at.getTime() + (nothingBefore ? 0 : continuityDays * DAY));
}

function isForEverybody(phase: RecordedPhase): boolean {
  const step = stepOf(phase);
  return step === 'percent_100' || step === 'done';
}
