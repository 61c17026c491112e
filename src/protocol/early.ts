import { Refusal, orRefuse } from '../errors.ts';
import type { Logger } from '../observability/logger.ts';
import type { Client } from '../vendors/client.ts';
import type { AnswerMembers } from './authorization-answer.ts';
import type { SealedCode } from './code.ts';
import { keepEarlyCode } from './code.ts';
import { satisfiesHints } from './hints.ts';
import type { Arrived, Redeemer } from './redemption.ts';
import { redeemForUser, settleRedeemed } from './redemption.ts';
import type { Issue, IssueParts } from './token-issue.ts';
import { issueAccessToken, issueIdToken, requireStanding } from './token-issue.ts';
import { upstreamCredentialsOf } from './upstream-credentials.ts';

/** What the early way works with. */
export type EarlyParts = IssueParts;

/** A login whose user the proxy knows, before anything is kept of it or released. */
export interface EarlyArrival extends Arrived {
  readonly pending: SealedCode;
  /** The per-sector blind index of the user. */
  readonly userIndex: Uint8Array;
}

/**
 * The early way (design section 4): the upstream's code is redeemed before the
 * vendor is answered, so that a hint can be compared, a notice be shown, and the
 * answer hold tokens.
 */
export async function arriveEarly(
  parts: EarlyParts,
  pending: SealedCode,
  client: Client,
): Promise<EarlyArrival> {
  const arrived = await redeemForUser(parts, ourselves(parts, client), pending, parts.clock());
  const { subject } = arrived.verified;
  const userIndex = orRefuse(parts.subjects.indexOf(arrived.client, subject));
  const { hinted } = pending.transaction;
  const user = { subject, userIndex };
  if (hinted !== undefined && !(await isHinted(parts, arrived.client, hinted, user))) {
    throw new Refusal('hint_mismatch');
  }
  return { ...arrived, pending, userIndex };
}

/** Also under another name than the hint's owner has now, as far as both are the user's. */
async function isHinted(
  parts: EarlyParts,
  client: Client,
  hinted: readonly string[],
  { subject, userIndex }: { subject: string; userIndex: Uint8Array },
): Promise<boolean> {
  if (satisfiesHints(hinted, userIndex)) return true;
  for (const one of hinted) {
    const index = Buffer.from(one, 'base64url');
    if (await parts.subjects.isLinked(client, subject, index)) return true;
  }
  return false;
}

/** What the vendor is answered then. Its own code is a random reference. */
export async function answerEarly(
  parts: EarlyParts,
  arrival: EarlyArrival,
  log: Logger,
): Promise<AnswerMembers> {
  const now = parts.clock();
  const { pending } = arrival;
  const { transaction } = pending;
  const redemption = orRefuse(
    await settleRedeemed(parts, arrival, pending, spentWith(pending, now), now),
  );
  const { grant, tokens, verified } = redemption;
  const wanted = new Set(transaction.responseType.split(' '));
  const issue: Issue = {
    ...{ client: redemption.client, grant, tokens, verified, now, log },
    scope: grant.scope,
    mode: grant.mode,
    ...{ nonce: transaction.nonce, ended: 'code_invalid' },
  };
  const members: Record<string, string> = {};
  if (wanted.has('code')) {
    members['code'] = await keepEarlyCode(parts.seals, { transaction, ...redemption }, now);
  }
  if (wanted.has('token')) {
    const { accessToken, lifetime } = await issueAccessToken(parts, issue);
    members['access_token'] = accessToken;
    members['token_type'] = 'Bearer';
    members['expires_in'] = String(lifetime);
    members['scope'] = grant.scope;
  }
  if (wanted.has('id_token')) {
    members['id_token'] = await issueIdToken(parts, issue, verified, {
      accessToken: members['access_token'],
      code: members['code'],
      state: transaction.state,
    });
  }
  requireStanding(parts, issue);
  return members;
}

/** The proxy redeems with the client's upstream credential, which only terminated clients leave to it. */
function ourselves(parts: EarlyParts, client: Client): Redeemer {
  const { upstream } = client;
  if (upstream === undefined) throw new Refusal('client_front_channel');
  return {
    client,
    upstream: upstreamCredentialsOf(upstream, parts),
    otherReading: undefined,
    forwarded: false,
  };
}

/** An upstream code is good for one answer, whatever the upstream thinks of it. */
function spentWith({ upstreamCode }: SealedCode, now: Date) {
  return {
    purpose: 'upstream_code',
    value: Buffer.from(upstreamCode),
    expiresAt: new Date(now.getTime() + 3600 * 1000),
  };
}
