import { Refusal } from '../errors.ts';
import type { Reason } from '../errors.ts';
import { CIBA_GRANT } from '../upstream/grant-types.ts';
import { authenticateOnBackchannel } from '../upstream/out-of-band.ts';
import type { Client } from '../vendors/client.ts';
import { scopeOf } from './authorization-request.ts';
import type { ClientAuthenticationParts } from './client-authentication.ts';
import { authenticateClient } from './client-authentication.ts';
import type { HintedUser, HintedUserParts } from './hinted-user.ts';
import { hintedUser } from './hinted-user.ts';
import type { Endpoint } from './message.ts';
import { privateJson } from './message.ts';
import { optional, refuseDuplicates } from './parameters.ts';
import { sealPendingLogin } from './pending-login.ts';
import type { IssueParts } from './token-issue.ts';
import { acceptedByUpstream } from './upstream-tokens.ts';

/** What the backchannel authentication endpoint works with. */
export interface CibaParts extends Pick<
  IssueParts,
  'clients' | 'upstream' | 'exchange' | 'seals' | 'clock'
> {
  readonly authentication: ClientAuthenticationParts;
  readonly hints: HintedUserParts;
}

const HINTS = ['login_hint', 'id_token_hint', 'login_hint_token'] as const;
const LONGEST_MESSAGE = 200;

const REFUSALS: ReadonlyMap<string, Reason> = new Map<string, Reason>([
  ['unknown_user_id', 'user_unknown'],
  ['invalid_binding_message', 'binding_message_invalid'],
  ['access_denied', 'authorization_denied'],
  ['invalid_scope', 'scope_invalid'],
]);

/**
 * Backchannel authentication (CIBA 7), by poll: the vendor names a user by the
 * subject that it knows, and the upstream reaches that user.
 */
export function cibaEndpoint(parts: CibaParts): Endpoint {
  return async (request) => {
    const { form } = request;
    refuseDuplicates(form);
    const authenticated = await authenticateClient(parts.authentication, request, 'ciba');
    const { client } = authenticated;
    if (!client.metadata.grant_types.includes(CIBA_GRANT)) {
      throw new Refusal('grant_type_unauthorized');
    }
    if (optional(form, 'request') !== undefined) throw new Refusal('request_object_unsupported');
    const scope = scopeOf(form, client);
    const wishes = { ...bindingMessage(form), ...requestedExpiry(form), ...acrValues(form) };
    const { localSubject, user } = await userOf(parts.hints, client, form);
    const { seals, exchange } = parts;
    const begun = await acceptedByUpstream(
      authenticated,
      (credentials) =>
        authenticateOnBackchannel(
          { exchange, metadata: parts.upstream.metadata(), credentials },
          { scope, login_hint: localSubject, ...wishes },
        ),
      REFUSALS,
    );
    const now = parts.clock();
    const times = { now, expiresAt: new Date(now.getTime() + begun.expiresIn * 1000) };
    const login = {
      ...{ clientId: client.clientId, scope, hinted: [user] },
      change: parts.clients.change,
      upstreamValue: begun.authReqId,
    };
    return privateJson({
      auth_req_id: await sealPendingLogin(seals, 'auth_req_id', login, times),
      expires_in: begun.expiresIn,
      interval: begun.interval,
    });
  };
}

/** CIBA 7.1: exactly one hint; 13: one that names nobody is `unknown_user_id`. */
async function userOf(
  parts: HintedUserParts,
  client: Client,
  form: URLSearchParams,
): Promise<HintedUser> {
  const given = HINTS.filter((name) => optional(form, name) !== undefined);
  if (given.length !== 1) throw new Refusal('request_malformed', 'not exactly one hint');
  const subject = optional(form, 'login_hint');
  const idToken = optional(form, 'id_token_hint');
  const user =
    subject !== undefined
      ? await hintedUser(parts, client, { subject })
      : idToken !== undefined && (await hintedUser(parts, client, { idToken }));
  if (user === undefined || user === false) throw new Refusal('user_unknown');
  return user;
}

/** It is shown on two devices, so it is short (CIBA 7.1). */
function bindingMessage(form: URLSearchParams): Readonly<Record<string, string>> {
  const message = optional(form, 'binding_message');
  if (message === undefined) return {};
  if (message.length > LONGEST_MESSAGE || /\p{Cc}/u.test(message)) {
    throw new Refusal('binding_message_invalid');
  }
  return { binding_message: message };
}

function requestedExpiry(form: URLSearchParams): Readonly<Record<string, string>> {
  const seconds = optional(form, 'requested_expiry');
  if (seconds === undefined) return {};
  if (!/^[1-9]\d{0,6}$/.test(seconds)) throw new Refusal('request_malformed', 'requested_expiry');
  return { requested_expiry: seconds };
}

function acrValues(form: URLSearchParams): Readonly<Record<string, string>> {
  const values = optional(form, 'acr_values');
  return values === undefined ? {} : { acr_values: values };
}
