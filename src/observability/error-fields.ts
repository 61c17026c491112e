const MAX_CAUSES = 5;
const MAX_FRAMES = 10;

/** What a log line says of an error. */
export interface ErrorFields {
  readonly name: string;
  readonly code?: string;
  /** Our own stable reason (src/errors.ts). */
  readonly reason?: string;
  readonly detail?: string;
  readonly message?: string;
  /** Names and codes of the causes, nearest first. */
  readonly causes?: readonly string[];
  /** Where it was thrown; only of errors that are not ours. */
  readonly frames?: readonly string[];
}

/**
 * An error by an allow-list: name, code, reason, detail, message, the names of
 * its causes. Libraries hang requests, headers, bodies and SQL bindings on their
 * errors; none of that is read. The message is left out where it is known to
 * quote its input: a parser quotes the text, a database the row.
 */
export function describeError(error: Error): ErrorFields {
  const reason = textOf(error, 'reason');
  const detail = textOf(error, 'detail');
  const code = codeOf(error);
  const causes = causesOf(error);
  return {
    name: error.name,
    ...(code !== undefined && { code }),
    ...(reason !== undefined && { reason }),
    ...(detail !== undefined && { detail }),
    ...(!quotesItsInput(error) && { message: error.message }),
    ...(causes.length > 0 && { causes }),
    ...(reason === undefined && { frames: framesOf(error) }),
  };
}

function textOf(error: object, name: string): string | undefined {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : undefined;
}

/** Error codes of Node, MySQL, SQLite and jose are upper-case words; anything else is not a code. */
function codeOf(error: object): string | undefined {
  const code = textOf(error, 'code');
  return code !== undefined && /^[A-Z][A-Z0-9_]{1,63}$/.test(code) ? code : undefined;
}

function quotesItsInput(error: Error): boolean {
  if (error instanceof SyntaxError) return true;
  if ('sql' in error || 'sqlState' in error || 'sqlMessage' in error) return true;
  return /^(ERR_)?SQLITE/.test(codeOf(error) ?? '');
}

function causesOf(error: Error): string[] {
  const names: string[] = [];
  let current: unknown = error.cause ?? firstOf(error);
  while (current instanceof Error && names.length < MAX_CAUSES) {
    const label = textOf(current, 'reason') ?? codeOf(current);
    names.push(label === undefined ? current.name : `${current.name} ${label}`);
    current = current.cause ?? firstOf(current);
  }
  return names;
}

/** A failed connection to a name with several addresses is an AggregateError. */
function firstOf(error: Error): unknown {
  return error instanceof AggregateError ? error.errors[0] : undefined;
}

/** The stack without its head, which repeats the message. */
function framesOf(error: Error): string[] {
  const lines = error.stack?.split('\n') ?? [];
  return lines
    .map((line) => line.trim())
    .filter((line) => /^at .*(:\d+:\d+\)?|<anonymous>\)?|\(native\))$/.test(line))
    .slice(0, MAX_FRAMES);
}
