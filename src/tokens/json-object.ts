const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The members of a JSON object. */
export type Members = Readonly<Record<string, unknown>>;

/**
 * A JSON object in strict UTF-8; undefined for anything else. Members named
 * `__proto__` are left out, since they would become something else when copied.
 */
export function jsonObject(bytes: Uint8Array | undefined): Members | undefined {
  if (bytes === undefined) return undefined;
  try {
    const value = parseJson(UTF8.decode(bytes));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** In characters. What is nested too deeply to be looked at is longer. */
const SHORT_TEXT = 8192;

/**
 * The value of a JSON text, without members named `__proto__` at any depth. A short text is
 * looked at member by member, which takes long, only where it has such a name, or an escape that
 * may spell it.
 *
 * @throws SyntaxError; RangeError for a text that is nested too deeply
 */
export function parseJson(text: string): unknown {
  const plain = !text.includes('__proto__') && !text.includes('\\u');
  if (plain && text.length <= SHORT_TEXT) return JSON.parse(text);
  return JSON.parse(text, (name: string, member: unknown) =>
    name === '__proto__' ? undefined : member,
  );
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
