import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';

import { nearestName, pathText } from '../vendors/problem.ts';
import { AdminProblem, type Mistake } from './problems.ts';

/** Levels of a body; nothing that is read here goes deeper. */
const DEEPEST = 32;

/** The query, one value a name. Throws AdminProblem `request_invalid`. */
export function readQuery(url: string): Readonly<Record<string, string>> {
  const question = url.indexOf('?');
  const given = [...new URLSearchParams(question < 0 ? '' : url.slice(question))];
  const twice = given.find(([name], position) => given.findIndex(([n]) => n === name) < position);
  if (twice !== undefined) {
    throw invalid([{ at: 'query', wrong: 'names a parameter twice', right: 'name it once' }]);
  }
  return Object.fromEntries(given);
}

/**
 * What is in a value, by its schema.
 *
 * @param at where it stands: `query` or the body
 * @throws AdminProblem `request_invalid` with every mistake
 */
export function readBy<T extends z.ZodType>(schema: T, value: unknown, at: string): z.output<T> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const known = 'shape' in schema ? Object.keys(schema.shape as object) : [];
  throw invalid(read.error.issues.flatMap((issue) => mistakesIn(issue, at, known)));
}

/**
 * Whether a request brings a body, whatever its method.
 */
export function hasBody({ headers }: IncomingMessage): boolean {
  return (
    headers['transfer-encoding'] !== undefined ||
    (headers['content-length'] !== undefined && headers['content-length'] !== '0')
  );
}

/**
 * Refuses what would be read as something else than it says: `__proto__`, which assigning
 * would make a prototype of, and what is nested deeper than any entry is.
 *
 * @throws AdminProblem `request_invalid`
 */
export function mustBePlain(value: unknown): void {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST) {
      const right = `nest at most ${DEEPEST} levels`;
      throw invalid([{ at: 'body', wrong: 'is nested too deeply', right }]);
    }
    const objects = level.filter((each) => typeof each === 'object' && each !== null);
    if (objects.some((each) => Object.hasOwn(each, '__proto__'))) {
      throw invalid([
        { at: '__proto__', wrong: 'is no name of a member here', right: 'leave it out' },
      ]);
    }
    level = objects.flatMap((each) => Object.values(each));
  }
}

/** A request with these mistakes. */
export function invalid(mistakes: readonly Mistake[]): AdminProblem {
  const [first] = mistakes;
  const more = mistakes.length > 1 ? `, and ${mistakes.length - 1} more` : '';
  const detail = `${first?.at ?? 'The request'} ${first?.wrong ?? 'is wrong'}${more}.`;
  const hint = 'Nothing was changed. Each of `mistakes` says what would be right.';
  return new AdminProblem('request_invalid', detail, { hint, mistakes });
}

function mistakesIn(
  issue: z.core.$ZodIssue,
  at: string,
  known: readonly string[],
): readonly Mistake[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  const place = path.length === 0 ? at : pathText(path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((name) => {
        const nearest = nearestName(name, known);
        const names = known.length === 0 ? 'there are no members here' : known.join(', ');
        const right =
          nearest === undefined ? `the names are: ${names}` : `did you mean ${nearest}?`;
        return { at: pathText([...path, name.slice(0, 100)]), wrong: 'is not known', right };
      });
    case 'invalid_type': {
      const isMissing = issue.input === undefined && /undefined/.test(issue.message);
      const wrong = isMissing ? 'is missing' : 'has the wrong type';
      return [{ at: place, wrong, right: `give ${issue.expected}` }];
    }
    case 'invalid_value':
      return [
        {
          ...{ at: place, wrong: 'has an unknown value' },
          right: `use ${issue.values.map(String).join(', ')}`,
        },
      ];
    case 'too_small':
      return [{ at: place, wrong: 'is too small', right: `give at least ${issue.minimum}` }];
    case 'too_big':
      return [{ at: place, wrong: 'is too large', right: `give at most ${issue.maximum}` }];
    case 'custom':
      return [{ at: place, wrong: 'is wrong', right: issue.message }];
    default:
      return [{ at: place, wrong: 'has the wrong form', right: issue.message }];
  }
}
