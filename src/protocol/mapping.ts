import type { RateLimiterMemory } from 'rate-limiter-flexible';

import { Refusal } from '../errors.ts';
import type { Mapping } from '../subjects/mapping.ts';
import { isObject } from '../tokens/json-object.ts';
import type { Client } from '../vendors/client.ts';
import type { MappingToken } from '../vendors/mapping-token-store.ts';
import { isListOfTexts, jsonBody } from './json-body.ts';
import type { Endpoint, ProtocolRequest } from './message.ts';
import { privateJson } from './message.ts';
import { bearerOf } from './registration-request.ts';

/** What the mapping endpoint works with. */
export interface MappingParts {
  readonly clients: { find(clientId: string): Client | undefined };
  /** The token that a text is, while it is good. */
  readonly findToken: (token: string) => Promise<MappingToken | undefined>;
  readonly answer: (
    client: Client,
    olds: readonly string[],
    by: { readonly actor: string; readonly requestId: string | undefined },
  ) => Promise<Mapping>;
  /** Requests of one address, good and bad. */
  readonly byAddress: RateLimiterMemory;
  /** Requests with one token. */
  readonly byToken: RateLimiterMemory;
}

/** Old subjects in one request. */
const MOST_SUBJECTS = 1000;

/**
 * Where a vendor learns which subjects its users have now: `{"subjects":[…]}`
 * gives `{"subjects":[{"old":…,"sub":…}]}` in the same order, with `null` for
 * everybody whom this vendor does not have under that subject.
 */
export function mappingEndpoint(parts: MappingParts): Endpoint {
  return async (request) => {
    await count(parts.byAddress, request.remoteAddress);
    const token = await parts.findToken(bearerOf(request, 'mapping_token_invalid'));
    const client = token && parts.clients.find(token.clientId);
    if (token === undefined || client === undefined) throw new Refusal('mapping_token_invalid');
    request.identified(client);
    await count(parts.byToken, token.id);
    const olds = await subjectsOf(request);
    const by = { actor: `token:${token.id}`, requestId: request.requestId };
    const mapping = await parts.answer(client, olds, by);
    return privateJson({ subjects: olds.map((old) => ({ old, sub: mapping.get(old) ?? null })) });
  };
}

async function count(limit: RateLimiterMemory, key: string): Promise<void> {
  const { consumedPoints } = await limit.penalty(key);
  if (consumedPoints > limit.points) throw new Refusal('mapping_throttled');
}

async function subjectsOf(request: ProtocolRequest): Promise<readonly string[]> {
  const value = await jsonBody(request, 'mapping_body');
  const members = isObject(value) ? value : {};
  const { subjects } = members;
  if (Object.keys(members).length !== 1 || !isListOfTexts(subjects)) {
    throw new Refusal('mapping_body', 'no list of subjects');
  }
  if (subjects.length === 0 || subjects.length > MOST_SUBJECTS) {
    throw new Refusal('mapping_body', `${subjects.length} subjects`);
  }
  return subjects;
}
