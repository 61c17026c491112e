/*
 * The upstream's logout page shows frames to its clients' addresses. Relayed, it must
 * not tell a vendor the upstream's session id, nor be used to show a vendor a frame
 * about somebody else's session.
 */
import { describe, expect, test } from 'vitest';

import { relayedFrame } from '../../../src/protocol/frontchannel-address.ts';
import { sidFor } from '../../../src/tokens/derived.ts';
import type { Client } from '../../../src/vendors/client.ts';
import { clientIn } from '../subjects/replica.ts';

const claimsRoot = Buffer.alloc(32, 1);
const issuer = 'https://login.example';

function client(sector: string, uri: string | undefined): Client {
  const { metadata, ...rest } = clientIn(sector);
  return { ...rest, metadata: { ...metadata, frontchannel_logout_uri: uri } };
}

const ACME = client('acme.example', 'https://acme.example/bye?tenant=1');
const BOLT = client('bolt.example', 'https://shared.example/bye');
const CORD = client('cord.example', 'https://shared.example/bye');
const NONE = client('none.example', undefined);

function frame(address: string, clients = [NONE, ACME, BOLT]) {
  return relayedFrame(
    { issuer, claimsRoot, clients: { clients: () => clients } },
    new URL(address),
  );
}

describe('a frame of the upstream’s logout page', () => {
  test('goes to the vendor with our issuer and the session id of its sector', () => {
    const sid = sidFor(claimsRoot, 'acme.example', 'upstream-sid');
    const query = new URLSearchParams({ iss: issuer, sid });
    expect(frame('https://acme.example/bye?tenant=1&iss=legacy&sid=upstream-sid')).toEqual({
      kind: 'redirect',
      location: `https://acme.example/bye?tenant=1&${query.toString()}`,
    });
  });

  test('goes without anything where the upstream names no session', () => {
    const location = 'https://acme.example/bye?tenant=1';
    expect(frame(`${location}&iss=legacy`)).toEqual({ kind: 'redirect', location });
  });

  test.each([
    'https://elsewhere.example/bye?sid=s',
    'https://acme.example/other?tenant=1&sid=s',
    'https://acme.example/bye?sid=s',
  ])('is none of a vendor at %s', (address) => {
    expect(frame(address)).toBeUndefined();
  });

  test('is blocked where it names two sessions', () => {
    const both = frame('https://acme.example/bye?tenant=1&sid=one&sid=two');
    expect(both).toMatchObject({ kind: 'blocked', reason: 'relay_blocked' });
  });

  test('is blocked where two sectors have one address', () => {
    const shared = frame('https://shared.example/bye?sid=s', [BOLT, CORD]);
    expect(shared).toMatchObject({ kind: 'blocked', reason: 'relay_blocked' });
  });
});
