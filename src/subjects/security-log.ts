/** The part of the logger that `subjects/` writes to. */
export interface SecurityLog {
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}
