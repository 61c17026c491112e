import { z } from 'zod';

import { clientEvents, repeatEvents } from '../../operations/client-events.ts';
import { reasonMember, route } from '../route.ts';
import { maybeInstant } from '../schemas.ts';

const EVENTS = '/clients/{client}/events';

const progress = z.object({
  client_id: z.string(),
  delivery: z.enum(['push', 'poll']).nullable(),
  endpoint_url: z.string().nullable(),
  pending: z.int().describe('Changes that it has still to be told of.'),
  delivered: z.int(),
  abandoned: z.int().describe('Events that were given up.'),
  delivered_at: maybeInstant,
  failures: z.int().describe('Failed attempts since the last event that it took.'),
  last_failure: z.string().nullable(),
  next_attempt: maybeInstant,
});

/** What clients are told of changed subjects. */
export const EVENT_ROUTES = [
  route({
    ...{ id: 'showEvents', method: 'get', path: EVENTS, tag: 'clients', scope: 'read' },
    summary: 'Say how far a client is with the events about changed subjects',
    answer: { status: 200, description: 'How far it is.', schema: progress },
    handle: async (context, { path }) => ({ value: await clientEvents(context, path.client) }),
  }),
  route({
    ...{ id: 'repeatEvents', method: 'post', path: `${EVENTS}/repeat`, tag: 'clients' },
    ...{ scope: 'operate', summary: 'Tell it again of every change that is still in its grace' },
    repeats: 'keyed',
    body: z.strictObject(reasonMember),
    answer: { status: 200, description: 'How far it is then.', schema: progress },
    problems: ['conflict'],
    handle: async (context, { path, by }) => {
      await repeatEvents(context, path.client, by);
      return { value: await clientEvents(context, path.client) };
    },
  }),
];
