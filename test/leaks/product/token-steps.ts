import { connectDevice } from '../../support/elsewhere.ts';
import { ACCESS_TOKEN, CIBA, DEVICE_CODE, TOKEN_EXCHANGE } from '../../support/elsewhere.ts';
import { askMapping, mapped, mappingToken } from '../../support/mapping.ts';
import { basic } from '../../support/steps.ts';
import { withBody } from '../../support/upstream/answer.ts';
import type { Fault } from '../../support/upstream/faults.ts';
import {
  altered,
  authorizationErrorNamingTheUser,
  errorNamingTheUser,
} from '../../support/upstream/faults.ts';
import { succeed } from './login-steps.ts';
import type { Members, RecordedParty } from './recorded-party.ts';
import { must } from './recorded-party.ts';
import type { Scene, Step } from './scene.ts';

const AS_JWT = { accept: 'application/token-introspection+jwt' };

/** Device, CIBA, token exchange, introspection, revocation, and failures of the upstream. */
export const TOKEN_STEPS: readonly Step[] = [
  {
    name: 'a device',
    exits: ['device-code', 'verification-uri', 'user-code'],
    run: async ({ own: { party }, browser, username }) => {
      const device = await party.post('/oidc/device', { scope: 'openid profile' });
      await connectDevice(must(device, 'verification_uri_complete'), username, browser);
      const device_code = must(device, 'device_code');
      await useTokens(party, { grant_type: DEVICE_CODE, device_code });
    },
  },
  {
    name: 'a login on another device, and one of the other vendor’s user',
    exits: ['auth-req-id', 'backchannel-hint'],
    run: async ({ world, own: { party, held }, theirs }) => {
      const scope = 'openid profile';
      const begun = await party.post('/oidc/ciba', { scope, login_hint: held.sub });
      const auth_req_id = must(begun, 'auth_req_id');
      await world.upstream.waiting.at(-1)?.decide('yes');
      await useTokens(party, { grant_type: CIBA, auth_req_id });
      must(await party.post('/oidc/ciba', { scope, login_hint: theirs.held.sub }), 'error');
    },
  },
  {
    name: 'an exchange of its token, and of the other vendor’s',
    exits: ['exchanged-token', 'exchanged-token-user'],
    run: async ({ own: { party, held }, theirs }) => {
      const exchange = { grant_type: TOKEN_EXCHANGE, subject_token_type: ACCESS_TOKEN };
      const answer = await party.token({ ...exchange, subject_token: held.accessToken });
      await succeed(party.userinfo(must(answer, 'access_token')));
      must(await party.token({ ...exchange, subject_token: theirs.held.accessToken }), 'error');
    },
  },
  {
    name: 'the mapping of users whom it never had by another name',
    exits: ['mapping-users', 'mapping-token'],
    run: async ({ world, own: { party, record }, theirs, username }) => {
      const token = await mappingToken(world.proxy, party.place.clientId);
      const subjects = [username, theirs.held.sub, 'nobody'];
      const answer = await askMapping(world.proxy, token, { subjects });
      // Without the vendor's own question, which the answer may repeat.
      record.addHeaders('mapping', answer.headers);
      record.add('mapping', JSON.stringify(mapped(answer)));
    },
  },
  {
    name: 'introspection by client and API, its own and the other vendor’s',
    exits: [
      ...(['introspection-caller', 'introspection-vendor', 'introspection-subject'] as const),
      ...(['introspection-members', 'introspection-expiry'] as const),
    ],
    run: introspect,
  },
  {
    name: 'revocation of the other vendor’s token',
    exits: ['revocation-owner'],
    run: async ({ own, theirs }) => {
      const { accessToken } = theirs.held;
      await own.party.post('/oidc/revoke', { token: accessToken });
      await succeed(theirs.party.userinfo(accessToken));
    },
  },
  {
    name: 'failures of the upstream that name the user',
    exits: ['token-error', 'userinfo-user'],
    run: async ({ world, own: { party }, browser, username, letTalk }) => {
      const { faults } = world.upstream;
      const tokens = await party.redeem(must(await party.authorize(browser, username), 'code'));
      const accessToken = must(tokens, 'access_token');
      const errors: readonly Fault[] = [errorNamingTheUser('invalid_token', 401), ofAnotherUser()];
      for (const fault of errors) {
        faults.arm('userinfo', fault);
        must(await party.userinfo(accessToken), 'error');
      }
      letTalk();
      const code = must(await party.authorize(browser, username), 'code');
      faults.arm('token', errorNamingTheUser());
      must(await party.redeem(code), 'error');
      must(await party.refresh(must(tokens, 'refresh_token')), 'error');
      letTalk();
    },
  },
  {
    // The upstream may end with a token all that it gave to the client.
    name: 'revocation of its own tokens, also of an upstream client that both have',
    exits: ['revocation-shared'],
    run: async ({ own, browser, username }) => {
      for (const party of [own.party, own.jwtParty]) {
        const tokens = await party.redeem(must(await party.authorize(browser, username), 'code'));
        for (const kind of ['access_token', 'refresh_token']) {
          await party.post('/oidc/revoke', { token: must(tokens, kind) });
        }
      }
    },
  },
  {
    name: 'a login that the upstream refuses in words that name the user',
    exits: ['authorization-error'],
    frontChannel: 'relay',
    run: refusedLogin,
  },
  {
    name: 'a login that the upstream refuses in words that name the user',
    exits: ['authorization-error', 'callback-error'],
    frontChannel: 'callback',
    run: refusedLogin,
  },
];

async function useTokens(party: RecordedParty, form: Members): Promise<void> {
  const tokens = await party.token(form);
  await succeed(party.userinfo(must(tokens, 'access_token')));
  must(await party.refresh(must(tokens, 'refresh_token')), 'access_token');
}

async function introspect(scene: Scene): Promise<void> {
  const { own, theirs, browser, username } = scene;
  const { party, api } = own;
  const asked = { resource: api.audience };
  const tokens = await party.redeem(must(await party.authorize(browser, username, asked), 'code'));
  const token = must(tokens, 'access_token');
  const asApi = basic(api.id, api.secret);
  for (const headers of [party.credentials, asApi]) {
    const told = await party.post('/oidc/introspect', { token }, headers);
    must(told, 'sub');
    await party.post('/oidc/introspect', { token }, { ...headers, ...AS_JWT });
  }
  await party.post('/oidc/introspect', { token: must(tokens, 'refresh_token') });
  // The other vendor asks about a token that it was given.
  const { party: stranger, api: otherApi } = theirs;
  for (const headers of [stranger.credentials, basic(otherApi.id, otherApi.secret)]) {
    const told = await stranger.post('/oidc/introspect', { token }, headers);
    if (told.members['active'] !== false) throw new Error(`a stranger was told ${told.text}`);
  }
}

async function refusedLogin({ world, own, browser, username, letTalk }: Scene): Promise<void> {
  for (const error of ['access_denied', 'user_alice_locked']) {
    world.upstream.faults.arm('authorize', authorizationErrorNamingTheUser(error));
    must(await own.party.authorize(browser, username), 'error');
  }
  letTalk();
}

function ofAnotherUser(): Fault {
  const claims = JSON.stringify({ sub: 'bob', name: 'Robert Baker' });
  return altered((answer) => withBody(answer, claims, 'application/json'));
}
