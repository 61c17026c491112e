import { exportJWK, generateKeyPair } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';

import { CLIENT_MEMBERS } from '../../../src/vendors/entries.ts';
import { freshDatabase } from '../../support/database.ts';
import { environmentOn, run } from './command-line.ts';
import type { Environment } from './command-line.ts';

/*
 * What an operator writes of a client is what `client show` prints, member by member, and a
 * change of one member leaves the others as they are.
 */

const SECRETS = ['client_secret', 'client_secret_env', 'client_secret_file'];
const CIBA = 'urn:openid:params:grant-type:ciba';

/** Every member that has another value than the default, secrets aside. */
async function fullEntry(): Promise<Record<string, unknown>> {
  const { publicKey } = await generateKeyPair('RS256', { extractable: true });
  return {
    client_id: 'acme-web',
    client_name: 'Acme on the web',
    upstream: {
      ...{ client_id: 'legacy-acme', client_secret: 'what-the-proxy-uses-0123456789' },
      ...{ token_endpoint_auth_method: 'client_secret_post', shared: true },
    },
    application_type: 'native',
    redirect_uris: ['https://acme.example/callback'],
    post_logout_redirect_uris: ['https://acme.example/logged-out'],
    backchannel_logout_uri: 'https://acme.example/backchannel',
    backchannel_logout_session_required: true,
    frontchannel_logout_uri: 'https://acme.example/frontchannel',
    frontchannel_logout_session_required: true,
    backchannel_token_delivery_mode: 'poll',
    events: {
      ...{ delivery: 'push', endpoint_url: 'https://acme.example/events' },
      authorization_header: 'Bearer what-the-receiver-wants-0123456789',
    },
    response_types: ['code', 'code id_token'],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials', CIBA],
    scope: 'openid reports',
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'PS256',
    jwks: { keys: [await exportJWK(publicKey)] },
    request_object_signing_alg: 'RS256',
    require_signed_request_object: true,
    require_pushed_authorization_requests: true,
    id_token_signed_response_alg: 'ES256',
    authorization_signed_response_alg: 'PS256',
    authorization_encrypted_response_alg: 'RSA-OAEP-256',
    authorization_encrypted_response_enc: 'A256GCM',
    introspection_signed_response_alg: 'EdDSA',
    introspection_encrypted_response_alg: 'RSA-OAEP-256',
    introspection_encrypted_response_enc: 'A128GCM',
    require_auth_time: true,
    access_token_format: 'jwt',
    resources: ['https://api.acme.example'],
    id_token_encrypted_response_alg: 'RSA-OAEP-256',
    id_token_encrypted_response_enc: 'A256GCM',
    userinfo_signed_response_alg: 'ES256',
    userinfo_encrypted_response_alg: 'RSA-OAEP-256',
    userinfo_encrypted_response_enc: 'A128GCM',
    resource_server: { audience: ['https://api.acme.example'], vendors: ['beta'] },
    internal_apis: ['orders'],
    login_hint: 'forward',
    dpop_bound_access_tokens: true,
    require_dpop_nonce: true,
    subject_type: 'pairwise',
    sector: 'acme',
    phase: 'shadow',
    accept_bypass: true,
    release_claims: ['name', 'scope:address'],
    relay_email_domain: 'users.acme.example',
    front_channel: 'callback',
    migration: { mode: 'preserve' },
    continuity_days: 7,
  };
}

describe('client show', () => {
  let environment: Environment;
  let entry: Record<string, unknown>;
  beforeAll(async () => {
    const database = await freshDatabase('sqlite');
    environment = environmentOn(database.location, {
      VENDOR: 'what-the-vendor-uses-0123456789',
      // Nobody is there, which is warned about and no more.
      UPSTREAM_ISSUER: 'http://127.0.0.1:9',
    });
    entry = await fullEntry();
    await command('vendor', 'create', 'acme');
    const argv = ['client', 'create', '--vendor', 'acme', '--file', '-'];
    const created = await run(environment, argv, JSON.stringify(entry));
    expect(created.exit, created.stderr).toBe(0);
    return () => database.close();
  });

  const command = (...argv: string[]) => run(environment, argv);
  const shown = async (id: string) => (await command('client', 'show', id, '--json')).json();

  test('the entry of this test holds every member but secrets and what is fetched', () => {
    // A sector document would have to be served for the registration to hold.
    const others = [...SECRETS, 'jwks_uri', 'sector_identifier_uri'];
    const members = CLIENT_MEMBERS.filter((name) => !others.includes(name));
    expect(Object.keys(entry).toSorted()).toEqual(members.toSorted());
  });

  test('prints each of them as it was written', async () => {
    const { client_secret: secret, ...upstream } = entry['upstream'] as Record<string, unknown>;
    const { authorization_header: header, ...events } = entry['events'] as Record<string, unknown>;
    const expected = {
      ...entry,
      upstream: { ...upstream, has_client_secret: true },
      events: { ...events, has_authorization_header: true },
    };
    const printed = await command('client', 'show', 'acme-web', '--json');
    expect(printed.json()).toMatchObject(expected);
    expect(printed.stdout).not.toContain(secret);
    expect(printed.stdout).not.toContain(header);
  });

  test('prints them for people too', async () => {
    const { stdout } = await command('client', 'show', 'acme-web');
    for (const member of Object.keys(entry)) expect(stdout).toMatch(new RegExp(`^${member}`, 'm'));
  });

  test('a change of one member leaves the others as they are', async () => {
    const before = await shown('acme-web');
    const ran = await command('client', 'update', 'acme-web', '--name', 'Another name');
    expect(ran).toMatchObject({ exit: 0, stdout: 'updated client acme-web (client_name)\n' });
    const { revision } = before;
    const changed = { client_name: 'Another name', revision: Number(revision) + 1 };
    expect(await shown('acme-web')).toEqual({ ...before, ...changed });
  });

  test('says of secrets that there are some, and where keys are published', async () => {
    const argv = ['client', 'create', '--vendor', 'acme', '--file', '-'];
    const minimal = {
      client_id: 'acme-other',
      client_secret_env: 'VENDOR',
      upstream: { client_id: 'legacy-other', client_secret: 'what-the-proxy-uses-0123456789' },
      redirect_uris: ['https://acme.example/other'],
      jwks_uri: 'https://acme.example/jwks',
    };
    await run(environment, argv, JSON.stringify(minimal));
    expect(await shown('acme-other')).toMatchObject({
      has_client_secret: true,
      jwks_uri: 'https://acme.example/jwks',
    });
  });
});
