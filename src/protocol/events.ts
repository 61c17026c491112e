import { setTimeout as sleep } from 'node:timers/promises';

import { Refusal } from '../errors.ts';
import type {
  AbandonedEvent,
  EventStream,
  ReadEvents,
  StreamPosition,
  SubjectEvents,
  TellableChange,
} from '../grants/subject-events.ts';
import type { Client } from '../vendors/client.ts';
import type { ClientAuthenticationParts } from './client-authentication.ts';
import { authenticateClient } from './client-authentication.ts';
import type { EventPoll } from './event-poll.ts';
import { readPoll } from './event-poll.ts';
import type { Endpoint, ProtocolRequest } from './message.ts';
import { privateJson } from './message.ts';
import type { SubjectEventParts } from './subject-event.ts';
import { concerns, hasPseudonyms, jtiOf, subjectEvent } from './subject-event.ts';
import type { IssueParts } from './token-issue.ts';
import { forwardedCaller, introspectedUpstream } from './upstream-status.ts';

/** What the feed of events works with. */
export interface EventFeedParts
  extends SubjectEventParts, Pick<IssueParts, 'upstream' | 'exchange'> {
  readonly authentication: ClientAuthenticationParts;
  readonly events: SubjectEvents;
  /** Whether the process ends, so that nobody is kept waiting. */
  readonly isClosing: () => boolean;
}

/** Changes that are looked at together. */
const WINDOW = 500;
/** Windows in one request; what is left is there the next time. */
const WINDOWS_AT_ONCE = 20;
/** Milliseconds for which a poll that finds nothing waits, and between two looks. */
const LONGEST_WAIT = 8000;
const LOOK = 500;
/** Polls of one client that wait at the same time. */
const WAITING_AT_ONCE = 2;

/** The feed of events that vendors poll (RFC 8936). */
export function eventsEndpoint(parts: EventFeedParts): Endpoint {
  const waiting: string[] = [];
  return async (request) => {
    const poll = await readPoll(request);
    const client = await callerOf(parts, request, poll);
    const by = { actor: `client:${client.clientId}`, requestId: request.requestId };
    if (poll.acknowledged.length + poll.refused.size > 0) {
      await parts.events.read(
        client.clientId,
        (stream, taken) => judged(parts, client, poll, stream, taken),
        { by, clock: parts.clock },
      );
    }
    if (poll.maxEvents === 0) return privateJson({ sets: {} });
    const deadline = performance.now() + (mayWait(poll, client, waiting) ? LONGEST_WAIT : 0);
    waiting.push(client.clientId);
    try {
      for (;;) {
        // A change of what it registered may be there to keep it from them: let it ask anew.
        if (parts.authentication.clients.find(client.clientId) !== client) {
          return privateJson({ sets: {} });
        }
        const found = await unread(parts, client, poll.maxEvents);
        const isOver = performance.now() >= deadline || parts.isClosing();
        if (found.changes.length > 0 || isOver) return await answered(parts, client, found);
        await sleep(LOOK);
      }
    } finally {
      waiting.splice(waiting.indexOf(client.clientId), 1);
    }
  };
}

/** The client that polls: a confidential one that registered to do so. */
async function callerOf(
  parts: EventFeedParts,
  request: ProtocolRequest,
  { credentials }: EventPoll,
): Promise<Client> {
  const caller = await authenticateClient(
    parts.authentication,
    { ...request, form: credentials },
    'events',
  );
  const { client } = caller;
  if (client.metadata.token_endpoint_auth_method === 'none') {
    const detail = 'a public client cannot prove whose events it asks for';
    throw new Refusal('client_authentication_method', detail);
  }
  if (caller.forwarded) {
    const answer = await introspectedUpstream(parts, forwardedCaller(caller), undefined);
    if (answer === undefined) {
      const detail = 'the upstream has no introspection that could judge a forwarded credential';
      throw new Refusal('client_authentication_method', detail);
    }
  }
  if (client.metadata.events?.delivery !== 'poll') throw new Refusal('events_not_polled');
  return client;
}

function mayWait(
  { returnImmediately }: EventPoll,
  { clientId }: Client,
  waiting: readonly string[],
): boolean {
  return !returnImmediately && waiting.filter((id) => id === clientId).length < WAITING_AT_ONCE;
}

/** What acknowledgements come to: only events of this client that are open count. */
async function judged(
  parts: EventFeedParts,
  client: Client,
  poll: EventPoll,
  stream: EventStream,
  taken: ReadonlySet<number>,
): Promise<ReadEvents> {
  const acknowledged = new Set(poll.acknowledged);
  const { changes, end } = await windowAfter(parts, client, stream);
  const ahead: number[] = [];
  const abandoned: AbandonedEvent[] = [];
  let delivered = 0;
  let position: StreamPosition = stream;
  let isOpen = false;
  for (const change of changes) {
    const { id, batch, place } = change;
    const jti = jtiOf(parts, client, change);
    const why = poll.refused.get(jti);
    const isNew = concerns(change, client) && !taken.has(id);
    if (isNew && why !== undefined) abandoned.push({ jti, why, attempts: 1 });
    else if (isNew && acknowledged.has(jti)) delivered += 1;
    else if (isNew) {
      isOpen = true;
      continue;
    }
    if (!isOpen) position = { batch, place };
    else if (concerns(change, client)) ahead.push(id);
  }
  if (!isOpen && end !== undefined) position = end;
  return { position, ahead, delivered, abandoned };
}

interface Unread {
  readonly changes: readonly TellableChange[];
  readonly isMore: boolean;
}

/** The events that the client has not taken, oldest first; passes over those of others. */
async function unread(parts: EventFeedParts, client: Client, limit: number): Promise<Unread> {
  const { events, clock } = parts;
  let found: Unread = { changes: [], isMore: false };
  for (let round = 0; round < WINDOWS_AT_ONCE; round += 1) {
    let hasPassed = false;
    await events.read(
      client.clientId,
      async (stream, taken) => {
        const { changes, end } = await windowAfter(parts, client, stream);
        const open = changes.filter((one) => concerns(one, client) && !taken.has(one.id));
        const changesNow = open.slice(0, limit);
        found = { changes: changesNow, isMore: open.length > limit || end === undefined };
        hasPassed = open.length === 0 && end === undefined;
        return passedOver(stream, changes, open[0], end, taken);
      },
      { by: { actor: `client:${client.clientId}` }, clock },
    );
    if (!hasPassed) break;
  }
  return found;
}

/** Moves behind what stands before the first open event. */
function passedOver(
  stream: EventStream,
  changes: readonly TellableChange[],
  open: TellableChange | undefined,
  end: StreamPosition | undefined,
  taken: ReadonlySet<number>,
): ReadEvents {
  const before = open === undefined ? changes : changes.slice(0, changes.indexOf(open));
  const last = before.at(-1);
  const passed = new Set(before.map(({ id }) => id));
  const there: StreamPosition = last ?? stream;
  const { batch, place } = open === undefined && end !== undefined ? end : there;
  const ahead = [...taken].filter((id) => !passed.has(id));
  return { position: { batch, place }, ahead, delivered: 0, abandoned: [] };
}

/** A client that has no pseudonyms for now is told nothing, and misses nothing. */
async function windowAfter(parts: EventFeedParts, client: Client, after: StreamPosition) {
  const { batch, place } = after;
  if (!hasPseudonyms(client)) return { changes: [], end: { batch, place } };
  const { clientId, sector } = client;
  const query = { clientId, sector, after, now: parts.clock(), limit: WINDOW };
  return parts.events.next(query);
}

async function answered(parts: EventFeedParts, client: Client, { changes, isMore }: Unread) {
  const sets: Record<string, string> = {};
  for (const change of changes) {
    sets[jtiOf(parts, client, change)] = await subjectEvent(parts, client, change);
  }
  return privateJson({ sets, ...(isMore && { moreAvailable: true }) });
}
