import { expect, test } from 'vitest';

import { logoutFindings } from '../../../src/doctor/logout.ts';
import type { UpstreamMetadata } from '../../../src/upstream/metadata.ts';
import { clientIn } from '../subjects/replica.ts';

const metadata = (back: boolean, front: boolean) =>
  ({
    backchannel_logout_supported: back,
    frontchannel_logout_supported: front,
  }) as UpstreamMetadata;

test('a vendor that expects logout tokens is named with its upstream client', () => {
  const client = clientIn('acme.example');
  const telling = {
    ...client,
    upstream: { clientId: 'legacy-acme', clientSecret: 's', shared: false },
    metadata: { ...client.metadata, backchannel_logout_uri: 'https://acme.example/logout' },
  };
  const [finding] = logoutFindings(telling, metadata(true, false));
  expect(finding?.level).toBe('warning');
  expect(finding?.message).toContain('legacy-acme');
  expect(logoutFindings(telling, metadata(false, true))).toEqual([]);
});

test('a vendor that expects none is not bothered', () => {
  expect(logoutFindings(clientIn('acme.example'), metadata(true, true))).toEqual([]);
});
