import { RateLimiterMemory } from 'rate-limiter-flexible';

import type { Connection } from '../database/connection.ts';
import type { Keyring } from '../database/keyring.ts';
import { answerMapping } from '../operations/answer-mapping.ts';
import { mappingEndpoint } from '../protocol/mapping.ts';
import type { Endpoint } from '../protocol/message.ts';
import type { Mapping } from '../subjects/mapping.ts';
import { findMappingToken } from '../vendors/mapping-token-store.ts';
import type { Registry } from '../vendors/registry.ts';

/** Requests of one address, in points and seconds. */
const REQUESTS_OF_AN_ADDRESS = { points: 120, duration: 60 } as const;

/** Requests with one token, in points and seconds: 60,000 users a minute. */
const REQUESTS_OF_A_TOKEN = { points: 60, duration: 60 } as const;

/** What the mapping endpoint is wired from. */
export interface MappingOptions {
  readonly db: Connection;
  readonly keyring: Pick<Keyring, 'index'>;
  readonly clock: () => Date;
  readonly registry: Registry;
  /** Told of every answer. */
  readonly told: (clientId: string, olds: readonly string[], mapping: Mapping) => void;
}

/** Wires the mapping endpoint. */
export function composeMapping(options: MappingOptions): Endpoint {
  const { db, clock, registry } = options;
  return mappingEndpoint({
    clients: registry,
    findToken: (token) => findMappingToken(db, token, clock()),
    answer: async (client, olds, by) => {
      const mapping = await answerMapping(options, client, olds, by);
      options.told(client.clientId, olds, mapping);
      return mapping;
    },
    byAddress: new RateLimiterMemory(REQUESTS_OF_AN_ADDRESS),
    byToken: new RateLimiterMemory(REQUESTS_OF_A_TOKEN),
  });
}
