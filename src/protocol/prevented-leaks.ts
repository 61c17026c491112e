import type { ExitName } from './exits.ts';

/** What a log line says of an answer that was held back. */
interface HeldBack {
  /** The reason, or the kind of a line that is marked as a security event. */
  readonly name: string;
  readonly endpoint: string | undefined;
  readonly detail: string | undefined;
}

/** Why an answer is held back, and the exit whose rule asks for that. */
const BY_REASON: Readonly<Record<string, ExitName>> = {
  subject_missing: 'id-token-subject',
  subject_too_long: 'id-token-subject',
  subject_collision: 'id-token-subject',
  public_subject_is_pseudonym: 'id-token-subject',
  id_token_malformed: 'id-token-subject',
  id_token_algorithm: 'id-token-subject',
  id_token_key_unknown: 'id-token-subject',
  id_token_signature: 'id-token-subject',
  id_token_issuer: 'id-token-subject',
  id_token_audience: 'id-token-audience',
  id_token_expired: 'id-token-subject',
  id_token_not_yet_valid: 'id-token-subject',
  id_token_nonce: 'id-token-subject',
  id_token_hash: 'id-token-hash',
  userinfo_key_unknown: 'userinfo-subject',
  userinfo_jwt_invalid: 'userinfo-subject',
  hint_mismatch: 'hint-answer',
  hint_mismatch_late: 'hint-answer',
  logout_token_invalid: 'logout-token-subject',
  logout_hint_invalid: 'logout-request',
  code_of_another_client: 'code',
  refresh_of_another_client: 'refresh-token',
  token_of_another_client: 'revocation-owner',
  subject_token_of_another_client: 'exchanged-token-user',
  claims_held_back: 'id-token-values',
};

/** Where the same reason guards another exit at another endpoint. */
const BY_ENDPOINT: Readonly<Record<string, Readonly<Record<string, ExitName>>>> = {
  subject_of_another_user: { userinfo: 'userinfo-user', token: 'id-token-subject' },
  pending_login_of_another_client: { token: 'device-code' },
  browser_mismatch: {
    callback: 'callback-browser-binding',
    notice: 'notice-browser-binding',
    relay: 'relay-browser-binding',
    logout: 'logout-response',
    accountCallback: 'account-login',
  },
};

/** What the relay says of what it holds back, by how its words begin. */
const BY_DETAIL: Readonly<Record<string, readonly (readonly [string, ExitName])[]>> = {
  relay_blocked: [
    ['an answer that repeats the ID token', 'relay-logout-hint'],
    ['an answer that cannot be read', 'relay-addresses'],
    ['a redirect to', 'relay-foreign-redirect'],
    ['a form to', 'relay-foreign-redirect'],
    ['a page with a field', 'relay-authorization-response'],
    ['a front-channel logout', 'relay-frontchannel-logout'],
    ['whose session it is', 'relay-frontchannel-logout'],
    ['', 'relay-authorization-response'],
  ],
  relay_refused: [
    ['an authorization request that is not ours', 'relay-authorization-request'],
    ['an ambiguous path', 'relay-back-channel'],
    ['an upgrade', 'relay-back-channel'],
    ['not a path', 'relay-back-channel'],
    ['a ; in the query', 'relay-authorization-request'],
    ['', 'relay-credentials'],
  ],
};

/** The exit at which nothing left because its rule held; undefined: no leak was at stake. */
export function preventedLeak({ name, endpoint, detail = '' }: HeldBack): ExitName | undefined {
  const relayed = own(BY_DETAIL, name)?.find(([beginning]) => detail.startsWith(beginning));
  const placed = own(BY_ENDPOINT, name);
  return relayed?.[1] ?? (placed && own(placed, endpoint ?? '')) ?? own(BY_REASON, name);
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
