import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { AtRest } from '../../src/database/at-rest.ts';
import { createLogger } from '../../src/observability/logger.ts';
import type { OperationContext } from '../../src/operations/context.ts';
import { eraseSubject } from '../../src/operations/erase-subject.ts';
import { rotateSubject } from '../../src/operations/rotate-subject.ts';
import { Browser } from '../support/browser.ts';
import { member, members, vendorByHand } from '../support/by-hand.ts';
import type { TestProxy } from '../support/proxy.ts';
import type { JsonAnswer } from '../support/steps.ts';
import { askUserinfo, basic, postForm } from '../support/steps.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

/*
 * Tokens of a user who was erased, or rotated with an end of sessions, are out in
 * the world. No replica may take them any more, nor give others for them, however
 * far a request was when it happened.
 */

const API = 'https://api.acme.example';
const BY = { actor: 'test' } as const;
const CLIENTS = ['acme', 'jwt'] as const;

let world: World;
let replica: TestProxy;
const clock = (): Date => new Date();

describe.each(['sqlite', 'mysql'] as const)('on %s', (dialect) => {
  beforeAll(async () => {
    const jwt = { access_token_format: 'jwt', resources: [API] };
    world = await createWorld([{ id: 'acme' }, { id: 'jwt', client: jwt }], { dialect, clock });
    replica = await world.proxy.replica({ ISSUER: world.proxy.issuer });
  });
  afterEach(() => world.upstream.faults.clear());
  afterAll(async () => {
    await replica.close();
    await world.close();
  });

  describe.each([
    ['erased', (): Promise<unknown> => eraseSubject(operator(), 'alice', BY)],
    ['rotated, and the sessions ended', rotated],
  ])('once a user was %s', (_name, end) => {
    it('no replica takes her tokens, and at her return she is somebody else', async () => {
      const before = await Promise.all(CLIENTS.map((id) => logIn(id)));
      for (const tokens of before) await expectStanding(tokens);
      await end();
      await hear();
      for (const tokens of before) {
        for (const proxy of [world.proxy, replica]) {
          expect((await userinfo(proxy, tokens)).body['error']).toBe('invalid_token');
          expect((await introspect(proxy, tokens)).body).toEqual({ active: false });
          const refreshed = await refresh(proxy, tokens);
          expect(refreshed).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
        }
      }
      const after = await Promise.all(CLIENTS.map((id) => logIn(id)));
      for (const [place, tokens] of after.entries()) {
        expect(tokens.sub).not.toBe(before[place]?.sub);
        await expectStanding(tokens);
      }
    });

    it('a refresh that was under way yields nothing', async () => {
      const tokens = await logIn('acme');
      world.upstream.faults.arm(
        'token',
        async (response, { status, headers, body }) => {
          await end();
          await hear();
          response.writeHead(status, headers).end(body);
        },
        1,
      );
      const refreshed = await refresh(world.proxy, tokens);
      expect(refreshed.body).not.toHaveProperty('access_token');
      expect(refreshed).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    });

    it('a login that was under way yields nothing of before', async () => {
      const party = vendorByHand(world, 'acme');
      const known = await logIn('acme');
      const begun = await party.begin(new Browser());
      await end();
      await hear();
      const redeemed = members(await party.redeem(begun));
      const subs = [redeemed['id_token']].flatMap((token) =>
        typeof token === 'string' ? [decodeJwt(token).sub] : [],
      );
      expect(subs).not.toContain(known.sub);
    });

    it('what a resource server checks by itself holds for its five minutes and no longer', async () => {
      const { accessToken } = await logIn('jwt');
      await end();
      await hear();
      const keys = (await (await fetch(`${world.proxy.issuer}/oidc/jwks`)).json()) as JSONWebKeySet;
      const verify = (currentDate: Date) =>
        jwtVerify(accessToken, createLocalJWKSet(keys), { audience: API, currentDate });
      const { payload } = await verify(clock());
      expect(Number(payload.exp) - Number(payload.iat)).toBe(300);
      const over = new Date(Number(payload.exp) * 1000);
      await expect(verify(over)).rejects.toThrow(/exp/);
    });
  });

  it('a rotation without an end leaves her tokens as they are, until she logs in again', async () => {
    const before = await logIn('acme');
    await rotateIn('acme', false);
    await hear();
    await expectStanding(before);
    const refreshed = await refresh(replica, before);
    expect(refreshed.status).toBe(200);
    expect((await logIn('acme')).sub).not.toBe(before.sub);
  });
});

interface Held {
  readonly id: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly sub: string;
}

async function logIn(id: string): Promise<Held> {
  const party = vendorByHand(world, id);
  const answer = await party.redeem(await party.begin(new Browser()));
  return {
    id,
    accessToken: member(answer, 'access_token'),
    refreshToken: member(answer, 'refresh_token'),
    sub: decodeJwt(member(answer, 'id_token')).sub ?? '',
  };
}

async function expectStanding(tokens: Held): Promise<void> {
  for (const proxy of [world.proxy, replica]) {
    expect((await userinfo(proxy, tokens)).body).toMatchObject({ sub: tokens.sub });
    expect((await introspect(proxy, tokens)).body).toMatchObject({ active: true });
  }
}

function userinfo(proxy: TestProxy, { accessToken }: Held): Promise<JsonAnswer> {
  return askUserinfo(proxy.issuer, accessToken);
}

function introspect(proxy: TestProxy, { id, accessToken: token }: Held): Promise<JsonAnswer> {
  return postForm(`${proxy.issuer}/oidc/introspect`, { token }, credentials(id));
}

function refresh(proxy: TestProxy, { id, refreshToken }: Held): Promise<JsonAnswer> {
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
  return postForm(`${proxy.issuer}/oidc/token`, form, credentials(id));
}

function credentials(id: string): Record<string, string> {
  return basic(`${id}-web`, vendorSecret(id));
}

function operator(): OperationContext {
  const { database, keyring } = world.proxy;
  const log = createLogger({ level: 'fatal', destination: { write: () => undefined } });
  return { db: database.db, keyring, atRest: new AtRest(keyring.storage), clock, log };
}

async function rotated(): Promise<void> {
  for (const id of CLIENTS) await rotateIn(id, true);
}

async function rotateIn(id: string, endSessions: boolean): Promise<void> {
  const sector = world.proxy.application.registry.find(`${id}-web`)?.sector ?? '';
  const held = await eachPseudonym(sector);
  if (held === 0) return;
  await rotateSubject(
    operator(),
    { sector, localSubject: 'alice', graceDays: 90, endSessions },
    BY,
  );
}

async function eachPseudonym(sector: string): Promise<number> {
  const rows = await world.database.db('pseudonyms').where({ sector: Buffer.from(sector) });
  return rows.length;
}

/** What every replica does by itself within five seconds. */
async function hear(): Promise<void> {
  for (const { application } of [world.proxy, replica]) await application.registry.refresh();
}
