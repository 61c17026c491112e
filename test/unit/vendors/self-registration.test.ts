import { expect, test } from 'vitest';

import type { Client, Vendor } from '../../../src/vendors/client.ts';
import { changedRegistration, newRegistration } from '../../../src/vendors/self-registration.ts';

const VENDOR: Vendor = {
  ...{ id: 'acme', name: 'Acme', contacts: [], policyUri: undefined, oneSector: false },
  ...{ allowedSubjectTypes: ['pairwise'], notice: false, disconnect: 'new_subject' },
};
const ENDPOINT = 'https://acme.example/events';
const PUSH = { delivery: 'push', endpoint_url: ENDPOINT };
const METADATA = { redirect_uris: ['https://acme.example/cb'], events: PUSH };

/** A client that its vendor registered, with a header that its receiver of events wants to see. */
function registered(): Client {
  const events = { ...PUSH, authorization_header: 'Bearer of-the-receiver' };
  const { settings } = newRegistration({ ...METADATA, events }, VENDOR);
  return { ...settings, phases: [], notBefore: 0 };
}

const headerAfter = (events: object | undefined): string | undefined => {
  const client = registered();
  const sent = { ...METADATA, client_id: client.clientId, events };
  return changedRegistration(sent, client, VENDOR).settings.eventsAuthorization;
};

/*
 * The header is in no answer, so a vendor that sends back what it was told (RFC 7592 2.2) cannot
 * send it; and at another address it would be a secret in the wrong hands.
 */
test.each([
  ['stays where what was told is sent back', PUSH, 'Bearer of-the-receiver'],
  ['is replaced by another', { ...PUSH, authorization_header: 'Bearer new' }, 'Bearer new'],
  ['goes by null', { ...PUSH, authorization_header: null }, undefined],
  ['goes with the address', { ...PUSH, endpoint_url: `${ENDPOINT}/2` }, undefined],
  ['goes where the vendor polls from now on', { delivery: 'poll' }, undefined],
  ['goes with the events', undefined, undefined],
])('the header of a receiver of events %s', (_what, events, header) => {
  expect(headerAfter(events)).toBe(header);
});
