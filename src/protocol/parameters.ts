import { Refusal } from '../errors.ts';

/** RFC 6749 3.1 and 3.2: parameters must not be included more than once. */
export function refuseDuplicates(
  parameters: URLSearchParams,
  repeatable: ReadonlySet<string> = new Set(),
): void {
  const seen = new Set<string>();
  for (const name of parameters.keys()) {
    if (seen.has(name) && !repeatable.has(name))
      throw new Refusal('parameter_duplicated', name.slice(0, 40));
    seen.add(name);
  }
}

/** The names that stand more than once. */
export function duplicatedNames(
  parameters: URLSearchParams,
  repeatable: ReadonlySet<string> = new Set(),
): ReadonlySet<string> {
  const seen = new Set<string>();
  const duplicated = new Set<string>();
  for (const name of parameters.keys()) {
    if (seen.has(name) && !repeatable.has(name)) duplicated.add(name);
    seen.add(name);
  }
  return duplicated;
}

/** A parameter's value; RFC 6749 3.1: one sent without a value counts as omitted. */
export function optional(parameters: URLSearchParams, name: string): string | undefined {
  const value = parameters.get(name);
  return value === null || value === '' ? undefined : value;
}

/** A parameter's value, or a refusal that names it. */
export function required(parameters: URLSearchParams, name: string): string {
  const value = optional(parameters, name);
  if (value === undefined) throw new Refusal('parameter_missing', name);
  return value;
}

/** The words of a space-separated list, without repetitions. */
export function words(list: string | undefined): readonly string[] {
  return list === undefined ? [] : [...new Set(list.split(' ').filter((word) => word !== ''))];
}
