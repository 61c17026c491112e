import { describe, expect, it } from 'vitest';

import { logoutFindings } from '../../../src/doctor/logout.ts';
import type { UpstreamMetadata } from '../../../src/upstream/metadata.ts';
import type { Client, ClientMetadata } from '../../../src/vendors/client.ts';
import { clientIn } from '../subjects/replica.ts';

const metadata = (back: boolean, front: boolean, endSession = false) =>
  ({
    backchannel_logout_supported: back,
    frontchannel_logout_supported: front,
    reached: endSession ? { end_session_endpoint: new URL('https://legacy.example/end') } : {},
  }) as UpstreamMetadata;

const BACK = { backchannel_logout_uri: 'https://acme.example/logout' };
const FRONT = { frontchannel_logout_uri: 'https://acme.example/frame' };
const RETURN = { post_logout_redirect_uris: ['https://acme.example/bye'] };

/** A client of the vendor, with an upstream client of that id; undefined: forwarded. */
function client(
  upstreamId: string | undefined,
  members: Partial<ClientMetadata> = {},
  frontChannel?: Client['frontChannel'],
): Client {
  const usual = clientIn('acme.example');
  return {
    ...usual,
    frontChannel,
    upstream: upstreamId && { clientId: upstreamId, clientSecret: 's', shared: false },
    metadata: { ...usual.metadata, post_logout_redirect_uris: [], ...members },
  } as Client;
}

const names = (...parameters: Parameters<typeof logoutFindings>) =>
  logoutFindings(...parameters).map(({ name }) => name);

describe('logout addresses at the upstream', () => {
  it('are named where the vendor expects to be told', () => {
    const [finding] = logoutFindings(
      client('legacy-acme', { ...BACK, ...FRONT }),
      metadata(true, true),
      'relay',
    );
    expect(finding).toMatchObject({ name: 'logout_addresses', level: 'warning' });
    expect(finding?.message).toContain('legacy-acme');
    expect(finding?.hint).toContain('/oidc/backchannel-logout');
    expect(finding?.hint).toContain('/oidc/frontchannel-logout');
  });

  it('are named where the vendor used the upstream client itself, whatever it expects', () => {
    const own = clientIn('acme.example').clientId;
    for (const upstreamId of [undefined, own]) {
      const [finding] = logoutFindings(client(upstreamId), metadata(true, false), 'relay');
      expect(finding?.message).toContain(`"${own}", which the vendor used itself,`);
      expect(finding?.hint).not.toContain('frontchannel');
    }
  });

  it('are nobody’s where the client is new there, or the upstream tells of no logouts', () => {
    expect(names(client('legacy-acme'), metadata(true, true), 'relay')).toEqual([]);
    expect(names(client(undefined), metadata(false, false), 'relay')).toEqual([]);
  });
});

it('a vendor that waits for what the upstream never tells is named', () => {
  const waiting = client('legacy-acme', { ...BACK, ...FRONT });
  const found = logoutFindings(waiting, metadata(false, false), 'relay');
  expect(found.map(({ name }) => name)).toEqual(['logout_unheard']);
  expect(found[0]?.message).toContain('backchannel_logout_uri and frontchannel_logout_uri');
});

describe('a logout through the front channel callback', () => {
  const asked = (frontChannel: 'relay' | 'callback', own?: 'relay' | 'callback', end = true) =>
    names(client('legacy-acme', RETURN, own), metadata(false, false, end), frontChannel);

  it('makes the upstream ask the user', () => {
    expect(asked('callback')).toEqual(['logout_question']);
    expect(asked('relay', 'callback')).toEqual(['logout_question']);
  });

  it('does not where the client is relayed, or the upstream has no logout', () => {
    expect(asked('callback', 'relay')).toEqual([]);
    expect(asked('relay')).toEqual([]);
    expect(asked('callback', undefined, false)).toEqual([]);
  });
});
