import { z } from 'zod';

import { giveKeyBack, keepAnswer, takeKey, type KeyedRequest } from '../database/admin-requests.ts';
import type { AdminContext } from './context.ts';
import { asProblem } from './failure.ts';
import { AdminProblem, PROBLEMS } from './problems.ts';
import { invalid } from './read-input.ts';

/** An answer that can be kept and given again. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text; empty: no body. */
  readonly body: string;
}

/** Milliseconds for which an answer is kept. */
const KEPT = 24 * 3600 * 1000;

const kept = z.object({
  status: z.number(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});

/**
 * Carries a request out once for each key: the same request again gets the answer of the
 * first time. What was refused may come again under its key; what failed may not, since
 * nobody knows whether it was done.
 *
 * @returns the answer, and whether it is one of before
 * @throws AdminProblem `key_in_use`, `key_reused`, `answer_forgotten`
 */
export async function onceForKey(
  { db, atRest, clock }: Pick<AdminContext, 'db' | 'atRest' | 'clock'>,
  request: KeyedRequest,
  carryOut: () => Promise<KeptAnswer>,
): Promise<{ readonly answer: KeptAnswer; readonly isRepeated: boolean }> {
  const at = clock();
  const expiresAt = new Date(at.getTime() + KEPT);
  const taken = await takeKey(db, atRest, request, { at, expiresAt });
  if (taken.state === 'done') {
    const answer = kept.parse(JSON.parse(taken.answer.toString('utf8')));
    return { answer, isRepeated: true };
  }
  if (taken.state !== 'new') throw refused(taken);
  let answer: KeptAnswer;
  try {
    answer = await carryOut();
  } catch (error) {
    const [status] = PROBLEMS[asProblem(error).code];
    // Refused: nothing was done. After a failure nobody knows, so the key stays taken.
    if (status < 500) await giveKeyBack(db, request);
    throw error;
  }
  const { status } = answer;
  await keepAnswer(db, atRest, request, { status, answer: Buffer.from(JSON.stringify(answer)) });
  return { answer, isRepeated: false };
}

/** @throws AdminProblem `request_invalid` for what cannot be a key */
export function readKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (/^[\x21-\x7e]{8,200}$/.test(header)) return header;
  const right = 'give 8 to 200 printable ASCII characters without spaces, such as a UUID';
  throw invalid([{ at: 'Idempotency-Key', wrong: 'cannot be a key', right }]);
}

function refused(
  taken: { readonly state: 'other' } | { readonly state: string; readonly since: Date },
): AdminProblem {
  if (!('since' in taken)) {
    const detail = 'Another request came with this Idempotency-Key before.';
    return new AdminProblem('key_reused', detail, {
      hint: 'Use a key of its own for each request.',
    });
  }
  const since = taken.since.toISOString();
  if (taken.state === 'forgotten') {
    const detail = `The request was carried out, begun at ${since}; its answer has been erased.`;
    const hint = 'Look at what stands now; use another key to do it again.';
    return new AdminProblem('answer_forgotten', detail, { hint });
  }
  const detail = `The request has been under way since ${since}.`;
  const hint =
    'Send it again in a while. If this lasts, the process was killed: look whether it was done, ' +
    'and use another key.';
  return new AdminProblem('key_in_use', detail, { hint, retryAfter: 5 });
}
