/** How bad a finding is. */
export type Level = 'ok' | 'warning' | 'problem';

/** What one check found. Never holds a secret or a local subject. */
export interface Finding {
  /** Of the check, for programs. */
  readonly name: string;
  /** The client that it concerns. */
  readonly client?: string;
  readonly level: Level;
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** All that was found. */
export interface Report {
  readonly level: Level;
  readonly findings: readonly Finding[];
  /** Whether the database or its schema was in the way. */
  readonly databaseFailed: boolean;
}

const RANK: Readonly<Record<Level, number>> = { ok: 0, warning: 1, problem: 2 };

/** The worst level among findings. */
export function worst(findings: readonly Finding[]): Level {
  return findings.reduce<Level>(
    (level, finding) => (RANK[finding.level] > RANK[level] ? finding.level : level),
    'ok',
  );
}

/** A finding that all is well. */
export function ok(name: string, message: string, client?: string): Finding {
  return { name, level: 'ok', message, ...(client !== undefined && { client }) };
}

/** A finding that needs thought. */
export function warning(name: string, message: string, hint: string, client?: string): Finding {
  return { name, level: 'warning', message, hint, ...(client !== undefined && { client }) };
}

/** A finding that keeps something from working, or from being safe. */
export function problem(name: string, message: string, hint: string, client?: string): Finding {
  return { name, level: 'problem', message, hint, ...(client !== undefined && { client }) };
}
