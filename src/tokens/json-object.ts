/** The members of a JSON object. */
export type Members = Readonly<Record<string, unknown>>;

/**
 * A JSON object in strict UTF-8; undefined for anything else. Members named
 * `__proto__` are left out, since they would become something else when copied.
 */
export function jsonObject(bytes: Uint8Array | undefined): Members | undefined {
  if (bytes === undefined) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text, (name: string, member: unknown) =>
      name === '__proto__' ? undefined : member,
    );
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
