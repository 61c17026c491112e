import { Refusal, orRefuse } from '../errors.ts';
import type { Notices, Told } from '../grants/notices.ts';
import type { Client, Vendor } from '../vendors/client.ts';
import { modeFor, newestPhase } from '../vendors/phase.ts';
import type { BrowserBinding } from './browser-binding.ts';
import type { EarlyArrival, EarlyParts } from './early.ts';
import { answerEarly } from './early.ts';
import type { LoginAnswerParts } from './login-answer.ts';
import { answeredOrTold, answerOf } from './login-answer.ts';
import type { Endpoint, ProtocolRequest, ProtocolResponse } from './message.ts';
import { NO_STORE } from './message.ts';
import { coveredBy, noticeContents, noticeVersion, toldTogether } from './notice-contents.ts';
import { noticePage } from './notice-page.ts';
import { optional, refuseDuplicates, required } from './parameters.ts';
import type { PendingNotices, WaitingLogin } from './pending-notices.ts';

/** What notices work with. */
export interface NoticeParts extends EarlyParts {
  readonly vendors: { vendor(id: string): Vendor | undefined };
  readonly signAnswer: LoginAnswerParts['signAnswer'];
  readonly binding: BrowserBinding;
  readonly notices: Notices;
  readonly pending: PendingNotices;
}

/** Where a login whose user has to read a notice first goes on; undefined: none has to be read. */
export type NoticeDue = (arrival: EarlyArrival) => Promise<ProtocolResponse | undefined>;

/**
 * Judges a login whose user is known and of whom nothing has been released.
 *
 * Throws Refusal `notice_unseen` where no page may be shown (`prompt=none`), `database_unavailable`.
 */
export function noticeDue(parts: NoticeParts): NoticeDue {
  return async (arrival) => {
    const { notice, promptNone } = arrival.pending.transaction;
    if (notice === undefined) return undefined;
    const { contents } = toldTo(parts, arrival);
    const told = await parts.notices.told(readerOf(arrival));
    if (notice === 'unseen' && coveredBy(contents, told)) return undefined;
    if (promptNone) throw new Refusal('notice_unseen');
    return pageAt(parts, await parts.pending.keep(arrival, parts.clock()));
  };
}

/**
 * The notice before a first login at a vendor: GET shows it, as often as it is asked for, and POST
 * takes the one answer. Both belong to the browser that began the login.
 */
export function noticeEndpoint(parts: NoticeParts): Endpoint {
  return async (request) => {
    const sent = request.method === 'POST' ? request.form : request.query;
    refuseDuplicates(sent);
    const reference = required(sent, 'notice');
    const login = await parts.pending.read(reference, parts.clock());
    const { transaction } = login.pending;
    if (!parts.binding.matches(transaction.browser, request.headers['cookie'])) {
      throw new Refusal('browser_mismatch');
    }
    const to = answerOf(parts, transaction);
    const arrival = arrivalOf(parts, login, to.client);
    const { vendor, contents } = toldTo(parts, arrival);
    const version = noticeVersion(contents);
    if (request.method !== 'POST') {
      return noticePage({
        ...{ vendor, contents, redirectUri: transaction.redirectUri },
        action: addressOf(parts),
        fields: { notice: reference, version },
      });
    }
    refuseForeign(request);
    const goesOn = answeredByPerson(sent);
    // What the vendor gets may have changed while the page was read.
    if (goesOn && optional(sent, 'version') !== version) return pageAt(parts, reference);
    await parts.pending.take(reference, parts.clock());
    return answeredOrTold(to, request, async () => {
      if (!goesOn) throw new Refusal('notice_declined');
      await remember(parts, arrival, contents);
      return to.answer(await answerEarly(parts, arrival, request.log));
    });
  };
}

function answeredByPerson(form: URLSearchParams): boolean {
  const answer = required(form, 'answer');
  if (answer !== 'continue' && answer !== 'cancel') {
    throw new Refusal('request_malformed', 'answer is neither continue nor cancel');
  }
  return answer === 'continue';
}

/** The reference is secret and the cookie is the browser's; where a browser tells, we listen too. */
function refuseForeign({ headers }: ProtocolRequest): void {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') {
    throw new Refusal('browser_mismatch', `a form of ${site.slice(0, 20)}`);
  }
}

async function remember(parts: NoticeParts, arrival: EarlyArrival, contents: Told): Promise<void> {
  const reader = readerOf(arrival);
  const told = await parts.notices.told(reader);
  await parts.notices.remember(reader, toldTogether(contents, told), parts.clock());
}

function toldTo(
  parts: NoticeParts,
  { client, userIndex, pending }: EarlyArrival,
): { readonly vendor: Vendor; readonly contents: Told } {
  const vendor = parts.vendors.vendor(client.vendorId);
  if (vendor === undefined) throw new Refusal('client_unknown');
  const mode = modeFor(newestPhase(client), userIndex);
  const { transaction } = pending;
  return { vendor, contents: noticeContents({ client, vendor, mode, transaction }) };
}

function readerOf({ client, userIndex }: EarlyArrival) {
  const { clientId, sector } = client;
  return { clientId, sector, userIndex };
}

/** As the client stands now. */
function arrivalOf(parts: NoticeParts, login: WaitingLogin, client: Client): EarlyArrival {
  const userIndex = orRefuse(parts.subjects.indexOf(client, login.verified.subject));
  return { ...login, client, userIndex };
}

function addressOf({ issuer }: Pick<NoticeParts, 'issuer'>): string {
  return `${issuer}/oidc/notice`;
}

function pageAt(parts: NoticeParts, reference: string): ProtocolResponse {
  const location = `${addressOf(parts)}?notice=${reference}`;
  return { kind: 'redirect', location, headers: NO_STORE };
}
