import { securityEventIn } from '../audit/security-events.ts';
import type { AuditRecorder } from '../audit/recorder.ts';
import { BoundedLabel } from '../observability/metrics/bounded-label.ts';
import type { Instruments } from '../observability/metrics/registry.ts';
import type { LineFields, LineWatcher } from '../observability/watched-lines.ts';
import { preventedLeak } from '../protocol/prevented-leaks.ts';
import type { MadePseudonyms } from '../operations/context.ts';
import type { PseudonymWitness } from '../subjects/settle.ts';
import type { Mapping } from '../subjects/mapping.ts';
import { Sealer } from '../tokens/seal.ts';

/** What vendors have a say in. */
export interface BoundedLabels {
  readonly clients: BoundedLabel;
  readonly sectors: BoundedLabel;
}

/** Bounds for one process. */
export function boundedLabels(): BoundedLabels {
  return { clients: new BoundedLabel(), sectors: new BoundedLabel() };
}

/** Counts and records what the log tells of: security events, leaks prevented, deliveries given up. */
export function lineWatcher(
  recorder: Pick<AuditRecorder, 'note'>,
  instruments: Instruments,
  labels: BoundedLabels,
): LineWatcher {
  return (fields, message) => {
    const event = securityEventIn(fields);
    if (event !== undefined) {
      recorder.note(event);
      const target = labels.clients.of(event.target);
      instruments.securityEvents.inc({ event: event.act.slice('security.'.length), target });
    }
    const exit = leakIn(fields, message);
    if (exit !== undefined) instruments.leaksPrevented.inc({ exit });
    const { event: named, queue } = fields;
    if (named === 'delivery_abandoned' && typeof queue === 'string') {
      instruments.deliveriesAbandoned.inc({ queue });
    }
  };
}

function leakIn({ event, kind, reason, endpoint, detail }: LineFields, message?: string) {
  const name = message === 'claims held back' ? 'claims_held_back' : (reason ?? kind);
  if (typeof name !== 'string' || (event !== undefined && event !== 'security')) return undefined;
  return preventedLeak({
    name,
    endpoint: typeof endpoint === 'string' ? endpoint : undefined,
    detail: typeof detail === 'string' ? detail : undefined,
  });
}

/** Counts what happens to pseudonyms on its way to whoever takes it down. */
export function countedWitness(
  witness: PseudonymWitness,
  instruments: Instruments,
  labels: BoundedLabels,
): PseudonymWitness {
  return {
    made: (pseudonym) => {
      witness.made(pseudonym);
      const sector = labels.sectors.of(pseudonym.sector);
      instruments.pseudonymsCreated.inc({ sector, origin: 'login' });
    },
    used: (pseudonym) => {
      witness.used(pseudonym);
      instruments.pseudonymsReleased.inc({ sector: labels.sectors.of(pseudonym.sector) });
    },
    lookedUp: (cache, found) => {
      instruments.cacheLookups.inc({ cache, result: found ? 'hit' : 'miss' });
    },
  };
}

/** Counts pseudonyms that operators had made. */
export function countMade(
  instruments: Instruments,
  labels: BoundedLabels,
): (made: MadePseudonyms) => void {
  return ({ sector, origin, count }) => {
    instruments.pseudonymsCreated.inc({ sector: labels.sectors.of(sector), origin }, count);
  };
}

/** A sealer that counts what it makes, opens and refuses. */
export class CountedSealer extends Sealer {
  readonly #instruments: Instruments;

  constructor(instruments: Instruments, ...sealer: ConstructorParameters<typeof Sealer>) {
    super(...sealer);
    this.#instruments = instruments;
  }

  override async seal(...args: Parameters<Sealer['seal']>): ReturnType<Sealer['seal']> {
    const sealed = await super.seal(...args);
    this.#instruments.sealsMade.inc({ purpose: args[0] });
    return sealed;
  }

  override async unseal(...args: Parameters<Sealer['unseal']>): ReturnType<Sealer['unseal']> {
    const opened = await super.unseal(...args);
    const [purpose] = args;
    if (opened.ok) this.#instruments.sealsOpened.inc({ purpose });
    else this.#instruments.sealsRefused.inc({ purpose, reason: opened.reason });
    return opened;
  }
}

/** Counts what a vendor was told of the subjects that it asked for. */
export function countMapping(
  instruments: Instruments,
  labels: BoundedLabels,
): (clientId: string, olds: readonly string[], mapping: Mapping) => void {
  return (clientId, olds, mapping) => {
    const client = labels.clients.of(clientId);
    instruments.mappingSubjects.inc({ client, result: 'answered' }, mapping.size);
    const unknown = Math.max(0, new Set(olds).size - mapping.size);
    instruments.mappingSubjects.inc({ client, result: 'unknown' }, unknown);
  };
}
