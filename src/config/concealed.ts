import { inspect } from 'node:util';

const SECRET = '[secret]';

/**
 * Turns the named fields into getters and gives the object a printed form in
 * which they read `[secret]`: for `JSON.stringify`, `util.inspect`, `console.log`
 * and the logger. The fields keep their types and are copied by a spread as usual.
 * `printed` replaces the form of a field that is only in part a secret.
 */
export function conceal<T extends object>(
  fields: T,
  names: readonly (keyof T & string)[],
  printed: Partial<Record<keyof T & string, string>> = {},
): T {
  const shown: Record<string, unknown> = Object.fromEntries(Object.entries(fields));
  for (const name of names) {
    const value = fields[name];
    if (value === undefined) continue;
    shown[name] = printed[name] ?? SECRET;
    Object.defineProperty(fields, name, { get: () => value, enumerable: true });
  }
  const show = { value: () => shown, enumerable: false };
  return Object.defineProperties(fields, { toJSON: show, [inspect.custom]: show });
}

/** The location of a MySQL database for people: without user, password and options. */
export function printedDatabaseUrl(text: string): string {
  const url = new URL(text);
  return `${url.protocol}//${SECRET}@${url.host}${url.pathname}`;
}

/** Freezes an object and all that it holds; bytes cannot be frozen and are left as they are. */
export function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    const isFreezable = typeof inner === 'object' && inner !== null && !ArrayBuffer.isView(inner);
    if (isFreezable) deepFreeze(inner as object);
  }
  return Object.freeze(value);
}
