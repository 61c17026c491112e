import { decodeJwt } from 'jose';

import type { RelyingParty, Tokens } from '../../demo/vendor/relying-party.ts';
import { ALICE, claimsOf, emailOf, objectIdOf } from '../../demo/legacy-idp/users.ts';
import { Browser } from '../support/browser.ts';
import { jsonIn, withBody, withJson } from '../support/upstream/answer.ts';
import { altered } from '../support/upstream/faults.ts';
import { withClaims } from '../support/upstream/forged-id-token.ts';
import type { World } from '../support/world.ts';
import { createWorld, upstreamSecret } from '../support/world.ts';

/** A world in which the upstream says everything that it knows, wherever it can. */
export interface TalkativeWorld {
  readonly world: World;
  /** What must never be found: the user's identifiers, and all that the upstream issued. */
  readonly secrets: Set<string>;
  /** Lets some seconds pass for the proxy, so that two equal instants are no accident. */
  letTimePass(): void;
  close(): Promise<void>;
}

const VENDORS = ['acme', 'bolt'] as const;

/** Claims named for release that give the user away, beside one that does not. */
const REVEALING = ['picture', 'preferred_username', 'email'];

/**
 * Two pairwise vendors. `acme` gets a name; `bolt` was promised claims that hold
 * the username, which therefore must not leave.
 */
export async function talkativeWorld(): Promise<TalkativeWorld> {
  let offset = 0;
  const world = await createWorld(
    [
      { id: 'acme', client: { release_claims: ['name'] } },
      { id: 'bolt', client: { release_claims: REVEALING } },
    ],
    { clock: () => new Date(Date.now() + offset * 1000) },
  );
  const secrets = new Set([
    ...[ALICE.username, emailOf(ALICE), objectIdOf(ALICE), String(claimsOf(ALICE)['picture'])],
    ...[world.upstream.issuer, new URL(world.upstream.issuer).host],
    ...VENDORS.flatMap((id) => [upstreamSecret(id), `legacy-${id}`]),
  ]);
  letUpstreamTalk(world, secrets);
  const letTimePass = (): void => {
    offset += 7;
  };
  return { world, secrets, letTimePass, close: () => world.close() };
}

/**
 * Adds what names the user to every answer of the upstream, `telltale` to every
 * set of claims, and notes what it issues.
 */
export function letUpstreamTalk(
  world: World,
  secrets: Set<string>,
  username: string = ALICE.username,
  telltale: Readonly<Record<string, unknown>> = {},
): void {
  const { faults } = world.upstream;
  const sessionEnd = Math.floor(Date.now() / 1000) + 3000;
  faults.arm(
    'token',
    altered(async (answer) => {
      const claims = { ...telltale, exp: sessionEnd };
      const tokens = await endingWithSession(world, jsonIn(answer), claims);
      noteTokens(tokens, secrets);
      const talkative = {
        ...tokens,
        username,
        session_state: 'session-state-of-alice-0123456789',
        ...(typeof tokens['scope'] === 'string'
          ? { scope: `${tokens['scope']} directory:alice` }
          : {}),
      };
      return withHeaders(withJson(answer, talkative));
    }),
  );
  faults.arm(
    'userinfo',
    altered((answer) => {
      const isJson = answer.status === 200 && /json/i.test(String(answer.headers['content-type']));
      const talks = isJson && Object.keys(telltale).length > 0;
      return withHeaders(talks ? withJson(answer, { ...jsonIn(answer), ...telltale }) : answer);
    }),
  );
  faults.arm(
    'authorize',
    altered((answer) => {
      const inJson = /[?&]code=([^&"]+)/.exec(answer.body.toString('utf8'))?.[1];
      if (inJson !== undefined) secrets.add(decodeURIComponent(inJson));
      const location = answer.headers['location'];
      if (typeof location !== 'string' || !URL.canParse(location)) return answer;
      const back = new URL(location);
      const code = back.searchParams.get('code');
      if (code === null) return answer;
      secrets.add(code);
      back.searchParams.set('session_state', 'session-state-of-alice-0123456789');
      back.searchParams.set('login', username);
      const headers = { ...withBody(answer, '').headers, location: back.href };
      return { ...answer, headers };
    }),
  );
  secrets.add('session-state-of-alice-0123456789');
}

/** The upstream ends all tokens of a session at one instant, and says so to the second. */
async function endingWithSession(
  world: World,
  tokens: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>> & { readonly exp: number },
): Promise<Record<string, unknown>> {
  const idToken = tokens['id_token'];
  if (typeof idToken !== 'string') return { ...tokens };
  const ending = withClaims(world.upstream.signingKey(), () => ({ ...claims }));
  const lifetime = claims.exp - Math.floor(Date.now() / 1000);
  return { ...tokens, id_token: await ending(idToken), expires_in: lifetime };
}

function withHeaders<T extends { readonly headers: object }>(answer: T): T {
  const headers = { 'x-legacy-user': 'alice', 'set-cookie': 'legacy_user=alice; Path=/' };
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

function noteTokens(tokens: Readonly<Record<string, unknown>>, secrets: Set<string>): void {
  for (const name of ['access_token', 'refresh_token', 'id_token']) {
    const token = tokens[name];
    if (typeof token === 'string') secrets.add(token);
  }
  if (typeof tokens['id_token'] !== 'string') return;
  const claims = decodeJwt(tokens['id_token']);
  for (const name of ['sid', 'at_hash', 'nonce', 'jti']) {
    if (typeof claims[name] === 'string') secrets.add(claims[name]);
  }
}

/** Logs a user in at one vendor, step by step, and keeps the authorization response in its record. */
export async function logIn(
  world: World,
  id: string,
  browser: Browser,
  parameters: Readonly<Record<string, string>> = {},
): Promise<{ party: RelyingParty; tokens: Tokens }> {
  const vendor = world.vendor(id);
  const party = await vendor.party();
  const { url, pending } = await party.begin(parameters);
  const callback = await browser.login(url, { username: ALICE.username });
  vendor.record.add('authorization response', callback.href);
  return { party, tokens: await party.finish(callback, pending) };
}

/** What came of a visit: the tokens that each vendor got, and what went wrong on the way. */
export interface Visits {
  readonly tokens: ReadonlyMap<string, readonly Tokens[]>;
  readonly troubles: readonly string[];
}

/**
 * One SSO session in which a user visits every vendor, refreshes and asks for
 * userinfo. It goes on after a failure, so that what was received is looked at
 * in any case.
 */
export async function visitBoth(
  { world, letTimePass }: TalkativeWorld,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Visits> {
  const browser = new Browser();
  const visits = new Map<string, Tokens[]>();
  const troubles: string[] = [];
  const attempt = async <T>(step: string, work: () => Promise<T>): Promise<T | undefined> => {
    letTimePass();
    return work().catch((error: unknown) => {
      troubles.push(`${step}: ${String(error)}`);
      return undefined;
    });
  };
  for (const id of VENDORS) {
    const held: Tokens[] = [];
    visits.set(id, held);
    const login = await attempt(`${id} login`, () => logIn(world, id, browser, parameters));
    if (login === undefined) continue;
    const { party, tokens } = login;
    held.push(tokens);
    await attempt(`${id} userinfo`, () => party.userinfo(tokens));
    const refreshed = await attempt(`${id} refresh`, () => party.refresh(tokens));
    if (refreshed === undefined) continue;
    held.push(refreshed);
    await attempt(`${id} userinfo after refresh`, () => party.userinfo(refreshed));
  }
  return { tokens: visits, troubles };
}
