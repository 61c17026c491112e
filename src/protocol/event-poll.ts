import { Refusal } from '../errors.ts';
import { isObject } from '../tokens/json-object.ts';
import { isListOfTexts, jsonBody } from './json-body.ts';
import type { ProtocolRequest } from './message.ts';

/** What a receiver asks for (RFC 8936 2.4). */
export interface EventPoll {
  /** Events that it took. */
  readonly acknowledged: readonly string[];
  /** Events that it cannot use, with its code for why. */
  readonly refused: ReadonlyMap<string, string>;
  readonly maxEvents: number;
  readonly returnImmediately: boolean;
  /** RFC 6749 2.3.1, RFC 7523 2.2: where the credential is not in the header. */
  readonly credentials: URLSearchParams;
}

/** Events in one answer. */
const DEFAULT_EVENTS = 100;
const MOST_EVENTS = 200;
/** Acknowledgements in one request; the body is bounded too. */
const MOST_ACKNOWLEDGED = 1000;

const CREDENTIALS = ['client_id', 'client_secret', 'client_assertion', 'client_assertion_type'];

/**
 * Reads a poll. Members that nobody knows are ignored.
 *
 * @throws Refusal `events_body`
 */
export async function readPoll(request: ProtocolRequest): Promise<EventPoll> {
  const members = await membersOf(request);
  const { ack = [], setErrs = {}, maxEvents = DEFAULT_EVENTS, returnImmediately = false } = members;
  if (!isListOfTexts(ack) || ack.length > MOST_ACKNOWLEDGED) throw bad('ack');
  if (typeof maxEvents !== 'number' || !Number.isInteger(maxEvents) || maxEvents < 0) {
    throw bad('maxEvents');
  }
  if (typeof returnImmediately !== 'boolean') throw bad('returnImmediately');
  return {
    acknowledged: ack,
    refused: refusedIn(setErrs),
    maxEvents: Math.min(maxEvents, MOST_EVENTS),
    returnImmediately,
    credentials: credentialsIn(members),
  };
}

async function membersOf(request: ProtocolRequest): Promise<Readonly<Record<string, unknown>>> {
  const value = await jsonBody(request, 'events_body');
  if (!isObject(value)) throw bad('not an object');
  return value;
}

function refusedIn(setErrs: unknown): ReadonlyMap<string, string> {
  if (!isObject(setErrs)) throw bad('setErrs');
  const entries = Object.entries(setErrs);
  if (entries.length > MOST_ACKNOWLEDGED) throw bad('setErrs');
  return new Map(
    entries.map(([jti, said]) => {
      const code = isObject(said) ? said['err'] : undefined;
      // Its description is for people over there; nothing but a code is kept here.
      const isCode = typeof code === 'string' && /^[A-Za-z_]{1,40}$/.test(code);
      return [jti, isCode ? `the receiver said ${code}` : 'the receiver refused it'];
    }),
  );
}

function credentialsIn(members: Readonly<Record<string, unknown>>): URLSearchParams {
  const credentials = new URLSearchParams();
  for (const name of CREDENTIALS) {
    const value = Object.hasOwn(members, name) ? members[name] : undefined;
    if (value === undefined) continue;
    if (typeof value !== 'string') throw bad(name);
    credentials.set(name, value);
  }
  return credentials;
}

function bad(detail: string): Refusal {
  return new Refusal('events_body', detail);
}
