/*
 * A registration makes a client in two places: the vendor's, here, and ours, at the
 * upstream. A vendor that learnt anything of the second (its id, its secret, the address
 * where it is managed) could act there as that client and read original subjects. And
 * whoever registers must not learn from a refusal who else is registered.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { altered } from '../support/upstream/faults.ts';
import type { UpstreamRequest } from '../support/upstream/answer.ts';
import type { Answer } from '../support/by-hand.ts';
import { members } from '../support/by-hand.ts';
import { initialToken, manage, register } from '../support/registration.ts';
import type { Registered } from '../support/registration.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const METADATA = {
  redirect_uris: ['https://app.acme.example/callback'],
  post_logout_redirect_uris: ['https://app.acme.example/'],
  client_name: 'Acme',
  subject_type: 'pairwise',
  id_token_signed_response_alg: 'ES256',
  dpop_bound_access_tokens: true,
  jwks_uri: 'https://app.acme.example/jwks',
};

let world: World;
let acme: string;
let bolt: string;
let answers: readonly Answer[];
let atUpstream: readonly { request: Record<string, unknown>; answer: Record<string, unknown> }[];
beforeAll(async () => {
  world = await createWorld(undefined, { upstream: { registration: {} } });
  acme = await initialToken(world.proxy, 'acme');
  bolt = await initialToken(world.proxy, 'bolt');
  const seen: { request: Record<string, unknown>; answer: Record<string, unknown> }[] = [];
  world.upstream.faults.arm(
    'registration',
    altered((answer, request: UpstreamRequest) => {
      const parsed = (text: string) => JSON.parse(text) as Record<string, unknown>;
      seen.push({ request: parsed(request.body), answer: parsed(answer.body.toString()) });
      return answer;
    }),
  );
  const posted = await register(world.proxy, acme, METADATA);
  const given = JSON.parse(posted.body) as Registered;
  // Without a rule that is proven here, this is not where the proof should fail.
  const uri = `${world.proxy.issuer}/oidc/register/${given.client_id}`;
  const client = { ...given, registration_client_uri: uri };
  const read = await manage(client, 'GET');
  const put = await manage(client, 'PUT', {
    ...{ ...METADATA, client_id: client.client_id },
    client_name: 'Acme Learning',
  });
  answers = [posted, read, put];
  atUpstream = seen;
});
afterAll(() => world.close());

describe('a registration answer', () => {
  it('is a success', () => {
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 200]);
  });

  it('holds what the vendor may say, credentials of ours, and nothing else', () => {
    for (const answer of answers) {
      expect(Object.keys(members(answer)).toSorted()).toEqual(
        [
          ...['client_id', 'client_id_issued_at', 'client_secret', 'client_secret_expires_at'],
          ...['registration_access_token', 'registration_client_uri'],
          ...['application_type', 'client_name', 'redirect_uris', 'post_logout_redirect_uris'],
          ...['grant_types', 'response_types', 'scope', 'subject_type', 'jwks_uri'],
          ...['token_endpoint_auth_method', 'require_auth_time', 'dpop_bound_access_tokens'],
          ...['authorization_signed_response_alg', 'id_token_signed_response_alg'],
        ].toSorted(),
      );
    }
  });

  it('holds no value that the upstream made', () => {
    const [made] = atUpstream;
    const secrets = ['client_id', 'client_secret', 'registration_access_token'].map((name) =>
      String(made?.answer[name]),
    );
    expect(secrets.every((secret) => secret.length > 10)).toBe(true);
    for (const { body, headers } of answers) {
      const all = `${body} ${JSON.stringify([...headers.entries()])}`;
      for (const secret of secrets) expect(all).not.toContain(secret);
      expect(all).not.toContain(new URL(world.upstream.issuer).host);
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  it('names an address of ours to manage the client at', () => {
    for (const answer of answers) {
      const { client_id: id, registration_client_uri: uri } = members(answer);
      expect(uri).toBe(`${world.proxy.issuer}/oidc/register/${String(id)}`);
    }
  });
});

describe('a refused registration', () => {
  it('does not say whose a sector is', async () => {
    const answer = await register(world.proxy, bolt, METADATA);
    expect([answer.status, members(answer)['error']]).toEqual([400, 'invalid_client_metadata']);
    expect(answer.body).toContain('another vendor');
    expect(answer.body).not.toMatch(/acme(?!\.example)/);
  });

  it('repeats nothing of what the upstream said', async () => {
    const words = 'alice@legacy.example is the owner of this host';
    const failure = { error: 'invalid_redirect_uri', error_description: words };
    world.upstream.faults.arm(
      'registration',
      altered((answer) => ({
        ...answer,
        status: 400,
        body: Buffer.from(JSON.stringify(failure)),
        headers: { 'content-type': 'application/json' },
      })),
      1,
    );
    const answer = await register(world.proxy, bolt, {
      redirect_uris: ['https://app.bolt.example/callback'],
    });
    expect([answer.status, members(answer)['error']]).toEqual([400, 'invalid_client_metadata']);
    expect(answer.body).not.toContain('alice');
    expect(answer.body).not.toContain('legacy');
  });
});

describe('the upstream', () => {
  it('learns the code flow to known addresses, and nothing of what only we do', () => {
    const [{ request } = { request: {} }] = atUpstream;
    expect(request).toMatchObject({
      redirect_uris: [...METADATA.redirect_uris, `${world.proxy.issuer}/oidc/callback`],
      response_types: ['code'],
    });
    expect(Object.keys(request).toSorted()).toEqual(
      [
        ...['application_type', 'client_name', 'grant_types', 'post_logout_redirect_uris'],
        ...['redirect_uris', 'response_types', 'scope', 'token_endpoint_auth_method'],
        ...['backchannel_logout_uri', 'backchannel_logout_session_required'],
      ].toSorted(),
    );
    const ours = JSON.stringify(answers.map((answer) => members(answer)['client_secret']));
    expect(JSON.stringify(atUpstream)).not.toContain(ours.slice(2, 30));
  });
});
