import { exportJWK, generateKeyPair } from 'jose';

import { claimsOf, emailOf, objectIdOf } from '../../../demo/legacy-idp/users.ts';
import { userIndex } from '../../../src/database/blind-index.ts';
import { authTimeOffset } from '../../../src/tokens/derived.ts';
import { CIBA, DEVICE_CODE, TOKEN_EXCHANGE } from '../../support/elsewhere.ts';
import { startLogoutReceiver } from '../../support/logout-receiver.ts';
import { VendorRecord } from '../../support/recorder.ts';
import { apiNamed, registerApi } from '../../support/resource-servers.ts';
import { startOrders } from './orders.ts';
import { TELLTALE_HEADERS } from '../../support/internal-api.ts';
import { jsonIn, withJson } from '../../support/upstream/answer.ts';
import { NAMING_DESCRIPTION, altered } from '../../support/upstream/faults.ts';
import { Habits } from '../../support/upstream/habits.ts';
import type { ProfileName } from '../../support/upstream/profiles.ts';
import type { World, WorldVendor } from '../../support/world.ts';
import { createWorld, upstreamSecret, vendorSecret } from '../../support/world.ts';
import { letUpstreamTalk } from '../scenario.ts';
import { RESPONSE_TYPES } from './dimensions.ts';
import { RecordedParty } from './recorded-party.ts';
import type { Side } from './scene.ts';
import { TELLTALE } from '../telltale.ts';

const GRANT_TYPES = ['authorization_code', 'refresh_token', DEVICE_CODE, CIBA, TOKEN_EXCHANGE];
const JWT_GRANT_TYPES = ['authorization_code', 'refresh_token', 'client_credentials'];
const COMMON = 'legacy-common';
const POLL: object = { backchannel_token_delivery_mode: 'poll' };
const SESSION = 'legacy-session-of-alice-0123456789';

/** Once for all worlds: making RSA keys takes longer than a login. */
const KEYS = new Map([
  ['acme', await generateKeyPair('RSA-OAEP-256', { extractable: true })],
  ['bolt', await generateKeyPair('RSA-OAEP-256', { extractable: true })],
]);

/** Of `bolt` some names hold the username, and so must not leave. */
const POLICIES = {
  acme: {
    release_claims: ['scope:profile', 'payment'],
    relay_email_domain: 'relay.acme.example',
    login_hint: 'forward',
  },
  bolt: { release_claims: ['picture', 'preferred_username', 'payment', 'scope:address'] },
  crew: {},
};

/** A world with two vendors that collude, and a third at which nobody logs in. */
export interface ProductWorld {
  readonly world: World;
  readonly acme: Side;
  readonly bolt: Side;
  readonly stranger: RecordedParty;
  readonly username: string;
  readonly secrets: Set<string>;
  readonly letTalk: () => void;
  /** Whether the keyed offsets of the two are equal by chance, as one in sixty is. */
  readonly offsetsAgree: boolean;
  /** A party with a record of its own. */
  party(id: string): RecordedParty;
  close(): Promise<void>;
}

/** CIBA knows no page of ours, so who gives notice is another vendor of the same owner. */
function noticeVendorOf(id: string): WorldVendor {
  return {
    id: `${id}-notice`,
    vendor: { notice: true, policy_uri: `https://${id}.example/privacy` },
    client: { response_types: RESPONSE_TYPES },
  };
}

function frameOf(id: string): string {
  return `https://${id}.example/frontchannel-logout?of=${id}`;
}

/** Builds it; `clock` is the proxy's. */
export async function productWorld(
  profile: ProfileName,
  frontChannel: string,
  clock: () => Date,
): Promise<ProductWorld> {
  const receivers = { acme: await startLogoutReceiver(), bolt: await startLogoutReceiver() };
  const orders = await startOrders();
  const vendorOf = (id: 'acme' | 'bolt' | 'crew'): WorldVendor => ({
    id,
    client: {
      ...{ response_types: RESPONSE_TYPES, grant_types: GRANT_TYPES, ...POLICIES[id] },
      ...(id === 'crew' ? {} : { backchannel_logout_uri: receivers[id].uri }),
      ...{ frontchannel_logout_uri: frameOf(id), internal_apis: ['orders'] },
    },
    software: { publicOrigin: `https://${id}.example` },
    upstreamClient: { grant_types: GRANT_TYPES, ...POLL },
  });
  const world = await createWorld(
    [...(['acme', 'bolt', 'crew'] as const).map(vendorOf), ...['acme', 'bolt'].map(noticeVendorOf)],
    {
      upstream: {
        profiles: [profile],
        elsewhere: { device: true, ciba: true, tokenExchange: true },
        registration: {},
      },
      environment: { FRONT_CHANNEL: frontChannel, INTERNAL_APIS: `orders=${orders.address}` },
      clock,
    },
  );
  orders.trust(world.upstream.issuer);
  await registerJwtClients(world, new Habits([profile]).secretEnding);
  const [alice] = world.upstream.users;
  if (alice === undefined) throw new Error('there is no user');
  const { username } = alice;
  const { issuer } = world.upstream;
  const secrets = new Set([
    ...[username, emailOf(alice), objectIdOf(alice), String(claimsOf(alice)['picture'])],
    ...[issuer, new URL(issuer).host, COMMON, SESSION, NAMING_DESCRIPTION, 'Robert Baker'],
    ...['acme', 'bolt'].flatMap((id) => [upstreamSecret(id), `legacy-${id}`]),
    ...[TELLTALE.nickname, TELLTALE.website, TELLTALE.profile, String(TELLTALE.updated_at)],
    ...Object.values(TELLTALE_HEADERS).filter((text) => text !== '*'),
    ...[orders.address, TELLTALE.payment, 'bank.example', 'bank-secret', 'collector.example'],
  ]);
  const letTalk = (): void => letTalkOfEverything(world, secrets, username);
  letTalk();
  const placeOf = (id: string, clientId = `${id}-web`) => ({
    ...{ issuer: world.proxy.issuer, redirectUri: world.vendor(id).redirectUri },
    ...{ clientId, secret: vendorSecret(id) },
  });
  const sideOf = async (id: 'acme' | 'bolt'): Promise<Side> => {
    const record = new VendorRecord();
    const api = apiNamed(`${id}-api`);
    const sector = world.proxy.application.registry.find(`${id}-web`)?.sector ?? '';
    await registerApi(world, id, api, { sector });
    const decryptionKey = KEYS.get(id)?.privateKey;
    if (decryptionKey === undefined) throw new Error(`${id} has no key`);
    return {
      ...{ id, record, api, decryptionKey, screen: new VendorRecord() },
      party: new RecordedParty(placeOf(id), record),
      jwtParty: new RecordedParty(placeOf(id, `${id}-jwt`), record),
      noticeParty: new RecordedParty(placeOf(`${id}-notice`), record),
      logouts: receivers[id],
      frontchannelLogoutUri: frameOf(id),
      held: { sub: '', authTime: undefined, idToken: '', accessToken: '', requestUri: '' },
    };
  };
  const offsets = ['acme-web', 'bolt-web'].map((clientId) => {
    const sector = world.proxy.application.registry.find(clientId)?.sector ?? '';
    const { claims, index } = world.proxy.keyring;
    return authTimeOffset(claims, sector, userIndex(index, sector, username));
  });
  return {
    ...{ world, username, secrets, letTalk, offsetsAgree: offsets[0] === offsets[1] },
    ...{ acme: await sideOf('acme'), bolt: await sideOf('bolt') },
    stranger: new RecordedParty(placeOf('crew'), new VendorRecord()),
    party: (id) => new RecordedParty(placeOf(id), new VendorRecord()),
    close: async () => {
      await world.close();
      for (const each of [...Object.values(receivers), orders]) await each.close();
    },
  };
}

/** A second client of each vendor, for JWTs; at the upstream the two are one client. */
async function registerJwtClients(world: World, secretEnding: string): Promise<void> {
  const { upstream, proxy } = world;
  const redirectUris = ['acme', 'bolt'].map((id) => world.vendor(id).redirectUri);
  const secret = upstreamSecret('common') + secretEnding;
  upstream.setClients([
    ...upstream.clients,
    {
      ...{ client_id: COMMON, client_secret: secret, grant_types: JWT_GRANT_TYPES },
      redirect_uris: [...redirectUris, `${proxy.issuer}/oidc/callback`],
    },
  ]);
  for (const [id, { publicKey }] of KEYS) {
    const client = {
      ...{ client_id: `${id}-jwt`, client_secret: vendorSecret(id) },
      redirect_uris: [world.vendor(id).redirectUri],
      ...{ grant_types: JWT_GRANT_TYPES, scope: 'openid profile email reports' },
      ...{ access_token_format: 'jwt', resources: [`https://api.${id}.example`] },
      jwks: { keys: [{ ...(await exportJWK(publicKey)), use: 'enc' }] },
      ...{ id_token_encrypted_response_alg: 'RSA-OAEP-256', userinfo_signed_response_alg: 'RS256' },
      upstream: { client_id: COMMON, client_secret: secret, shared: true },
    };
    await proxy.apply([{ id, name: `Vendor ${id}`, clients: [client] }]);
  }
}

function letTalkOfEverything(world: World, secrets: Set<string>, username: string): void {
  const { faults } = world.upstream;
  letUpstreamTalk(world, secrets, username, TELLTALE);
  for (const endpoint of ['device', 'backchannel'] as const) {
    faults.arm(
      endpoint,
      altered((answer) => {
        const members = jsonIn(answer);
        for (const name of ['device_code', 'user_code', 'auth_req_id']) {
          if (typeof members[name] === 'string') secrets.add(members[name]);
        }
        return withJson(answer, { ...members, username });
      }),
    );
  }
  faults.arm(
    'introspection',
    altered((answer) => {
      const members = jsonIn(answer);
      if (members['active'] !== true) return answer;
      return withJson(answer, { ...members, username, sub: username, sid: SESSION });
    }),
  );
}
