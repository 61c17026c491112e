import type { LineFields } from '../observability/watched-lines.ts';
import { AUDIT_ACTS } from './acts.ts';
import type { AuditAct } from './acts.ts';
import type { AuditDetail } from './entry.ts';

/** Something that happened to the proxy and that an operator may have to answer for. */
export interface SecurityEvent {
  readonly act: AuditAct;
  /** The client, sector or endpoint that it is about. */
  readonly target: string;
  readonly requestId: string | undefined;
  readonly details: Readonly<Record<string, AuditDetail>>;
}

/** What the log's fields say of an event, from the nearest to the widest. */
const TARGETS = ['client', 'clientId', 'sector', 'endpoint'] as const;

/** Fields that are of one kind each and name nobody. Never `detail`: it is for the log alone. */
const DETAILS = ['endpoint', 'sector', 'generation', 'algorithm', 'failed'] as const;

/**
 * The security event that a log line tells of, by its fields: a refusal with a reason that is
 * one, or a line marked as one. Undefined: it tells of none.
 */
export function securityEventIn(fields: LineFields): SecurityEvent | undefined {
  const name = nameIn(fields);
  const act = `security.${name}`;
  if (name === undefined || !isAct(act)) return undefined;
  const target = TARGETS.map((field) => fields[field]).find((value) => typeof value === 'string');
  const details = DETAILS.flatMap((field) => {
    const value = fields[field];
    return typeof value === 'string' || typeof value === 'number' ? [[field, value]] : [];
  });
  const { requestId } = fields;
  return {
    act,
    target: target ?? 'proxy',
    requestId: typeof requestId === 'string' ? requestId : undefined,
    details: Object.fromEntries(details) as Record<string, AuditDetail>,
  };
}

function nameIn({ event, kind, reason }: LineFields): string | undefined {
  if (event === 'security') return typeof kind === 'string' ? kind : undefined;
  if (event === 'shadow_failure') return event;
  return typeof reason === 'string' ? reason : undefined;
}

function isAct(name: string): name is AuditAct {
  return Object.hasOwn(AUDIT_ACTS, name);
}
