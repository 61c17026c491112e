import { describe, expect, test } from 'vitest';

import { arriveEarly } from '../../../src/protocol/early.ts';
import { frontChannelLogoutEndpoint } from '../../../src/protocol/frontchannel-logout.ts';
import { grantsOfHint } from '../../../src/protocol/logout-grants.ts';
import { SHARED_IDENTIFIER, widestContents } from '../../../src/protocol/notice-contents.ts';
import { offeredThrough } from '../../../src/protocol/offered.ts';
import { issueAccessToken } from '../../../src/protocol/token-issue.ts';
import type { Vendor } from '../../../src/vendors/client.ts';
import { phase } from '../subjects/replica.ts';
import { clientWith, grantWith, NOW, reasonOf, requestWith } from './given.ts';

/* What endpoints do where they are told less than usual. */

test('a hint without a subject tells of no grants', async () => {
  const parts = {} as Parameters<typeof grantsOfHint>[0];
  expect(await grantsOfHint(parts, clientWith(), { sid: 's' }, 'browser', NOW)).toEqual([]);
});

test('the upstream’s logout page shows no frame of ours where it names no session', async () => {
  const upstreamIssuer = 'https://legacy.example';
  const parts = { issuer: 'https://login.example', upstreamIssuer };
  const endpoint = frontChannelLogoutEndpoint(
    parts as Parameters<typeof frontChannelLogoutEndpoint>[0],
  );
  const page = await endpoint(requestWith());
  expect(page).toMatchObject({ kind: 'page' });
  expect(JSON.stringify(page)).not.toContain('<iframe');
});

test('a token that has to be bound to a key is not made without one', async () => {
  const client = clientWith({ dpop_bound_access_tokens: true });
  const parts = {} as Parameters<typeof issueAccessToken>[0];
  const issue = { client, grant: grantWith() } as Parameters<typeof issueAccessToken>[1];
  expect(await reasonOf(() => issueAccessToken(parts, issue))).toBe('client_front_channel');
});

test('a login is not ended for a client whose credential the proxy has no more', async () => {
  const parts = {} as Parameters<typeof arriveEarly>[0];
  const pending = {} as Parameters<typeof arriveEarly>[1];
  const arrive = () => arriveEarly(parts, pending, clientWith({}, { upstream: undefined }));
  expect(await reasonOf(arrive)).toBe('client_front_channel');
});

describe('a notice for somebody who is not known yet', () => {
  const vendor = { policyUri: undefined } as Vendor;
  const told = (served: ReturnType<typeof phase>) =>
    widestContents(clientWith({ scope: 'openid' }, { phases: [served] }), vendor).items;

  test('tells of the shared identifier as long as somebody may still be given it', () => {
    expect(told(phase('pairwise'))).not.toContain(SHARED_IDENTIFIER);
    expect(told(phase('pairwise', { percent: 50 }))).toContain(SHARED_IDENTIFIER);
    expect(told(phase('pairwise', { pilotUsers: ['u'] }))).toContain(SHARED_IDENTIFIER);
    expect(told(phase('shadow'))).toContain(SHARED_IDENTIFIER);
  });
});

test('only what the upstream has is promised of what needs it', () => {
  const metadata = {
    ...{ reached: {}, grant_types_supported: [], backchannel_token_delivery_modes_supported: [] },
    ...{ frontchannel_logout_supported: true, backchannel_logout_supported: false },
  } as unknown as Parameters<typeof offeredThrough>[0];
  expect(offeredThrough(metadata, 'https://login.example').members).toEqual({
    frontchannel_logout_supported: true,
    frontchannel_logout_session_supported: true,
  });
});
