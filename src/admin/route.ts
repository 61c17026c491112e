import { z } from 'zod';

import type { By } from '../audit/by.ts';
import type { AdminScope } from '../operations/admin-tokens.ts';
import type { AdminContext, Caller } from './context.ts';
import type { ProblemCode } from './problems.ts';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** What a handler is given of a request; everything has passed its schema. */
export interface Given<Path, Query, Body> {
  readonly path: Path;
  readonly query: Query;
  readonly body: Body;
  readonly by: By;
  readonly caller: Caller;
  /** The state that the caller has seen, out of `If-Match`; undefined: any. */
  readonly state: string | undefined;
}

/** What a handler answers. */
export interface Outcome {
  /** The body, before it passes the schema of the answer: members that it lacks are left out. */
  readonly value?: unknown;
  /** Names the state of what is shown, for `ETag`. */
  readonly state?: string;
  /** Where what was made is found, below `/admin/v1`. */
  readonly location?: string;
  /** A long answer, in lines. */
  readonly lines?: AsyncIterable<string>;
}

/** What an operation answers when all is well. */
interface AnswerSpec {
  readonly status: 200 | 201 | 204;
  readonly description: string;
  /** Undefined: no body. */
  readonly schema?: z.ZodType;
  /** Present: lines of JSON, each of this schema. */
  readonly lines?: z.ZodType;
  /** Whether the answer names a state for `If-Match`. */
  readonly hasState?: boolean;
}

/** One operation of the API: the router and the OpenAPI document are both made from it. */
export interface Route {
  readonly id: string;
  readonly method: Method;
  /** Below `/admin/v1`, as in OpenAPI: `/vendors/{vendor}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Undefined: any good token. */
  readonly scope: AdminScope | undefined;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** What the operation itself judges the body by, where `body` only lets it pass. */
  readonly bodyDocument?: z.ZodType;
  /** A long body: 1 MiB, not 64 KiB. */
  readonly isLong?: boolean;
  readonly answer: AnswerSpec;
  /** A change of a state that the caller must have seen. */
  readonly needsState?: boolean;
  /** It loses something: the body says `confirm`, or a header where there is no body. */
  readonly needsConfirmation?: string;
  /** `keyed`: the same `Idempotency-Key` gets the same answer; `keyed_private`: until an erasure. */
  readonly repeats?: 'keyed' | 'keyed_private';
  /** Problems beside those that each operation has. */
  readonly problems?: readonly ProblemCode[];
  readonly handle: (
    context: AdminContext,
    given: Given<Readonly<Record<string, string>>, never, never>,
  ) => Promise<Outcome>;
}

type QueryOf<Q> = Q extends z.ZodObject ? z.output<Q> : undefined;
type BodyOf<B> = B extends z.ZodType ? z.output<B> : undefined;
type NamesIn<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never;

interface Definition<
  P extends string,
  Q extends z.ZodObject | undefined,
  B extends z.ZodType | undefined,
> extends Omit<Route, 'path' | 'query' | 'body' | 'handle'> {
  readonly path: P;
  readonly query?: Q;
  readonly body?: B;
  readonly handle: (
    context: AdminContext,
    given: Given<Readonly<Record<NamesIn<P>, string>>, QueryOf<Q>, BodyOf<B>>,
  ) => Promise<Outcome>;
}

/** An operation, with a handler that knows the types of its schemas. */
export function route<
  const P extends string,
  Q extends z.ZodObject | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
>(definition: Definition<P, Q, B>): Route {
  return definition as unknown as Route;
}

/** The names of a path's parameters. */
export function pathNames(path: string): readonly string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
}

const BODY_METHODS: ReadonlySet<Method> = new Set(['post', 'put', 'patch']);

/** Whether confirmation and reason of an operation stand in its body, or in headers. */
export function speaksInBody({ method }: Pick<Route, 'method'>): boolean {
  return BODY_METHODS.has(method);
}

/** Why something is done, for the audit log. */
export const reason = z
  .string()
  .min(1)
  .max(1000)
  .describe('Why; the audit log keeps it for ever, so it should not name a user.');

/** The members that each changing body may have. */
export const reasonMember = { reason: reason.optional() };
export const confirmMember = {
  confirm: z.boolean().optional().describe('true: do it, although something is lost by it.'),
};

/** Which page of a list. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe('Items on the page.'),
  cursor: z.string().max(500).optional().describe('The `next` of the page before.'),
};

/** A page of a list. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().describe('The `cursor` of the next page; null: this is the last.'),
  });
}
