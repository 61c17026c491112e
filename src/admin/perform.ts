import type { Logger } from '../observability/logger.ts';
import { checkedValue } from './answer.ts';
import { mustHaveScope } from './authenticate.ts';
import { mustBeConfirmed } from './confirmation.ts';
import { byCaller, type AdminContext, type Caller } from './context.ts';
import { readBy } from './read-input.ts';
import { speaksInBody, type Route } from './route.ts';
import { ROUTES } from './routes.ts';

/** What an operation is asked for, as the members of a request would say it. */
export interface Asked {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** The state that the caller has seen; undefined: any. */
  readonly state?: string | undefined;
  /** For operations without a body. */
  readonly reason?: string | undefined;
  readonly confirm?: boolean | undefined;
}

/** What came of it. */
export interface Performed {
  /** As the API would answer it: plain JSON that has passed the schema of the answer. */
  readonly value: unknown;
  readonly state: string | undefined;
}

/** Whoever asks, and in which request. */
export interface Asking {
  readonly caller: Caller;
  readonly requestId: string;
  readonly log: Logger;
}

const BY_ID: ReadonlyMap<string, Route> = new Map(ROUTES.map((each) => [each.id, each]));

/**
 * Carries out an operation of the API for somebody within the process: the same scopes,
 * schemas, preconditions and answers as by HTTP.
 *
 * @throws AdminProblem, and what operations throw, which `asProblem` knows
 */
export async function perform(
  context: AdminContext,
  id: string,
  { caller, requestId, log }: Asking,
  asked: Asked,
): Promise<Performed> {
  const each = BY_ID.get(id);
  if (each === undefined) throw new Error(`there is no operation ${id}`);
  if (each.scope !== undefined) mustHaveScope(caller, each.scope);
  const { path = {}, state } = asked;
  const query = each.query && readBy(each.query, asked.query ?? {}, 'query');
  const body = each.body && (readBy(each.body, asked.body ?? {}, 'body') as Confirmable);
  const said = speaksInBody(each) ? body : asked;
  mustBeConfirmed(each, said?.confirm === true);
  const by = byCaller(caller, requestId, said?.reason);
  const given = { path, query, body, by, caller, state };
  const outcome = await each.handle(context, given as never);
  return { value: checkedValue(each, outcome, log), state: outcome.state };
}

interface Confirmable {
  readonly reason?: string | undefined;
  readonly confirm?: boolean | undefined;
}
