import type { z } from 'zod';

import {
  CLIENT_MEMBERS,
  parseClientEntry,
  redirectUriProblems,
  UPSTREAM_MEMBERS,
  VENDOR_MEMBERS,
  vendorEntry,
  type ClientEntry,
  type VendorEntry,
} from './entries.ts';
import { RESOURCE_SERVER_MEMBERS } from './resource-server.ts';
import { nearestName, type Path, type Problem } from './problem.ts';

/** An entry that was read, or every problem that kept it from being read. */
export interface Reading<T> {
  readonly entry: T | undefined;
  readonly problems: readonly Problem[];
}

/** A vendor entry, without its clients. */
export function readVendor(value: unknown, path: Path): Reading<VendorEntry> {
  return reading(vendorEntry.safeParse(value), value, path);
}

/** A client entry; its redirect URIs are judged also where other members are wrong. */
export function readClient(value: unknown, path: Path): Reading<ClientEntry> {
  const { entry, problems } = reading(parseClientEntry(value), value, path);
  const members = isObject(value) ? value : {};
  const uris = redirectUriProblems(members).map((found) => ({
    ...found,
    path: [...path, ...found.path],
  }));
  return { entry: uris.length === 0 ? entry : undefined, problems: [...problems, ...uris] };
}

/** Whether a value is an object with members, and neither null nor a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function reading<T>(parsed: z.ZodSafeParseResult<T>, value: unknown, path: Path): Reading<T> {
  if (parsed.success) return { entry: parsed.data, problems: [] };
  const problems = parsed.error.issues.flatMap((issue) => toProblems(issue, value, path));
  return { entry: undefined, problems };
}

function toProblems(issue: z.core.$ZodIssue, value: unknown, base: Path): Problem[] {
  const within = issue.path.filter((part) => typeof part !== 'symbol');
  const path = [...base, ...within];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((name) => unknownMember(name, [...path, name], knownAt(path)));
    case 'invalid_type':
      return valueAt(value, within) === undefined
        ? [{ path, wrong: 'is missing', right: `give ${article(issue.expected)}` }]
        : [{ path, wrong: 'has the wrong type', right: `give ${article(issue.expected)}` }];
    case 'invalid_value':
      return [
        {
          path,
          wrong: 'has an unknown value',
          right: `use ${issue.values.map(String).join(', ')}`,
        },
      ];
    case 'custom':
      return [{ path, wrong: issue.message, right: `${issue.params?.['right']}` }];
    case 'too_small':
      return [{ path, wrong: 'is too small', right: `give at least ${issue.minimum}` }];
    case 'too_big':
      return [{ path, wrong: 'is too large', right: `give at most ${issue.maximum}` }];
    default:
      return [{ path, wrong: 'is wrong', right: issue.message }];
  }
}

/** The problem of a member that nobody knows. */
export function unknownMember(name: string, path: Path, known: readonly string[]): Problem {
  const nearest = nearestName(name, known);
  return {
    path,
    wrong: 'is not known',
    right: nearest === undefined ? `the names are ${known.join(', ')}` : `did you mean ${nearest}?`,
  };
}

function knownAt(path: Path): readonly string[] {
  if (path.at(-1) === 'upstream') return UPSTREAM_MEMBERS;
  if (path.at(-1) === 'resource_server') return RESOURCE_SERVER_MEMBERS;
  return path.includes('clients') ? CLIENT_MEMBERS : VENDOR_MEMBERS;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, part) => (typeof at === 'object' && at !== null ? Reflect.get(at, part) : undefined),
    value,
  );
}

function article(type: string): string {
  const names: Record<string, string> = {
    array: 'a list',
    boolean: 'true or false',
    int: 'a whole number',
    number: 'a number',
    object: 'an object',
    string: 'a text',
  };
  return names[type] ?? type;
}
