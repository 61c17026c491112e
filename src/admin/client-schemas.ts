import { z } from 'zod';

import { clientEntry } from '../vendors/entries.ts';
import { maybeInstant, phase } from './schemas.ts';

/** What a list of clients says of each. */
export const clientListed = z.object({
  client_id: z.string(),
  vendor: z.string(),
  phase: phase.nullable(),
  percent: z.number().nullable(),
  sector: z.string(),
  authentication: z.enum(['forwarded', 'terminated']),
  can_bypass: z.boolean().describe('Whether it could ask the provider itself.'),
});

const { client_id: _id, client_secret: _secret, ...entry } = clientEntry.shape;
const {
  client_secret_env: _env,
  client_secret_file: _file,
  upstream: _upstream,
  phase: _phase,
  accept_bypass: _accept,
  sector: _sector,
  continuity_days: _days,
  release_claims: _claims,
  front_channel: _channel,
  subject_type: _type,
  ...metadata
} = entry;

/** Every metadata member that an entry may have, as it is shown: those that have a value. */
const shownMetadata = Object.fromEntries(
  Object.entries(metadata).map(([name, member]) => [name, shownMember(member)]),
);

/** Everything of a client but its secrets. */
export const clientDetails = clientListed.extend({
  ...shownMetadata,
  pilot_users: z.int().describe('How many.'),
  subject_type: z.enum(['public', 'pairwise']),
  has_client_secret: z.boolean(),
  upstream: z
    .object({
      client_id: z.string(),
      has_client_secret: z.boolean(),
      token_endpoint_auth_method: z.string().optional(),
      shared: z.boolean(),
    })
    .nullable(),
  accept_bypass: z.boolean(),
  accept_bypass_at: maybeInstant,
  release_claims: z.array(z.string()),
  front_channel: z.enum(['relay', 'callback']).nullable(),
  continuity_days: z.int(),
  revision: z.int(),
});

/** What was stored passed the rules of its day; here only its form is said. */
function shownMember(member: z.ZodType): z.ZodType {
  const { type } = z.toJSONSchema(member, { io: 'output', unrepresentable: 'any' });
  if (type === 'string') return z.string().optional();
  if (type === 'boolean') return z.boolean().optional();
  if (type === 'integer' || type === 'number') return z.number().optional();
  if (type === 'array') return z.array(z.unknown()).optional();
  return z.unknown().optional();
}

/** What removing a client would do. */
export const clientRemoval = z.object({
  ...{ client_id: z.string(), vendor: z.string(), sector: z.string() },
  users: z.int().describe('Users with a pseudonym in its sector, which stays the vendor’s.'),
  other_clients: z.array(z.string()).describe('Other clients in the sector, which go on.'),
  recorded_phases: z.int(),
  mapping_tokens: z.int().describe('They end.'),
  has_upstream_client: z.boolean().describe('Whether a client of the provider belongs to it.'),
});
