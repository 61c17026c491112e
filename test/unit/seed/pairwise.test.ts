/*
 * The scenarios, examples and messages of the description of pairwise subject identifiers
 * that this project began with, one test each, in its order and under its names.
 */
import { describe, expect, it } from 'vitest';

import { ExplainedRefusal } from '../../../src/errors.ts';
import { derivePseudonym } from '../../../src/subjects/derive.ts';
import { sectorOf } from '../../../src/subjects/sector.ts';
import type { Vendor } from '../../../src/vendors/client.ts';
import {
  clientInformation,
  newRegistration,
  type SentMetadata,
} from '../../../src/vendors/self-registration.ts';

const SALT = Buffer.from('your-cryptographically-secure-secret-salt-here');
const DIFFERENT_HOSTS =
  'sector_identifier_uri is required when using pairwise subject type with multiple redirect URIs from different hosts';
const ONE = 'https://app.example.com/callback1';
const SAME_HOST = [ONE, 'https://app.example.com/callback2'];
const OTHER_HOSTS = ['https://app1.example.com/callback', 'https://app2.example.com/callback'];
const SECTOR_URI = 'https://example.com/.well-known/sector-uris.json';

const pairwise = (sector: string, localSubject: string, salt: Uint8Array = SALT): string =>
  derivePseudonym('oidc-sha256', { sector, localSubject, salt });

function sector(redirectUris: readonly string[], sectorIdentifierUri?: string) {
  return sectorOf({
    ...{ clientId: 'client_AbC123', subjectType: 'pairwise', applicationType: 'web' },
    ...{ redirectUris, sectorIdentifierUri },
  });
}

const vendor = (...allowedSubjectTypes: Vendor['allowedSubjectTypes'][number][]): Vendor => ({
  ...{
    id: 'acme',
    name: 'Acme',
    contacts: [],
    policyUri: undefined,
    notice: false,
    disconnect: 'new_subject',
  },
  ...{ oneSector: false, allowedSubjectTypes },
});

/** What the vendor is told, or why not. */
function register(sent: SentMetadata, by = vendor('public', 'pairwise')) {
  try {
    const { settings, phase } = newRegistration(sent, by);
    return { settings, phase, told: clientInformation(settings, new Date(0)) };
  } catch (error) {
    if (!(error instanceof ExplainedRefusal)) throw error;
    return { refused: [error.reason, error.description] };
  }
}

describe('the scenarios', () => {
  it('pairwise subject generation (base64url encoding)', () => {
    expect(pairwise('example.com', 'user-12345')).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });
  it('consistent subjects for same inputs', () => {
    expect(pairwise('example.com', 'user-12345')).toBe(pairwise('example.com', 'user-12345'));
  });
  it('different subjects for different sector identifiers', () => {
    expect(pairwise('example.com', 'user-12345')).not.toBe(pairwise('other.com', 'user-12345'));
  });
  it('different subjects for different users', () => {
    expect(pairwise('example.com', 'user-12345')).not.toBe(pairwise('example.com', 'user-67890'));
  });
  it('different subjects with different salts', () => {
    const other = Buffer.from('another-salt');
    expect(pairwise('example.com', 'u')).not.toBe(pairwise('example.com', 'u', other));
  });
  it.each([
    ['https://example.com/callback', 'example.com'],
    ['https://example.com:8080/callback', 'example.com:8080'],
  ])('sector identifier extraction (host + port): %s', (uri, value) => {
    expect(sector([uri])).toEqual({ ok: true, value });
  });
  it('sector identifier validation (localhost)', () => {
    const value = 'localhost:3000';
    expect(sector(['http://localhost:3000/callback'])).toEqual({ ok: true, value });
  });
  it('invalid URL handling', () => {
    expect(sector(['not-a-url'])).toMatchObject({ ok: false, error: 'invalid_client_metadata' });
    const { refused } = register({ redirect_uris: ['not-a-url'] });
    expect(refused?.[0]).toBe('client_redirect_uri_invalid');
  });
  it('query parameter handling', () => {
    const value = 'example.com';
    expect(sector(['https://example.com/callback?tenant=1&x=2'])).toEqual({ ok: true, value });
  });
  it('sector identifier consistency validation (single URI)', () => {
    expect(sector([ONE])).toEqual({ ok: true, value: 'app.example.com' });
  });
  it('sector identifier consistency validation (multiple URIs, same host)', () => {
    expect(sector(SAME_HOST)).toEqual({ ok: true, value: 'app.example.com' });
  });
  it('sector identifier consistency validation (multiple URIs, different hosts)', () => {
    expect(sector(OTHER_HOSTS)).toMatchObject({ ok: false, message: DIFFERENT_HOSTS });
  });
  it('empty redirect URIs handling', () => {
    expect(sector([])).toMatchObject({ ok: false, error: 'invalid_client_metadata' });
    expect(register({ redirect_uris: [] }).refused?.[0]).toBe('client_redirect_uri_invalid');
  });
  it('effective sector identifier determination', () => {
    expect(sector(SAME_HOST)).toEqual({ ok: true, value: 'app.example.com' });
  });
  it('effective sector identifier with sector_identifier_uri', () => {
    expect(sector(OTHER_HOSTS, SECTOR_URI)).toEqual({ ok: true, value: 'example.com' });
  });
  it('subject identifier generation (public type)', () => {
    const { settings, phase } = register({ redirect_uris: [ONE], subject_type: 'public' });
    expect([settings?.subjectType, phase]).toEqual(['public', 'public']);
  });
  it('subject identifier generation (pairwise type)', () => {
    const { settings, phase } = register({ redirect_uris: [ONE], subject_type: 'pairwise' });
    expect([settings?.subjectType, phase, settings?.sector]).toEqual([
      ...['pairwise', 'pairwise', 'app.example.com'],
    ]);
  });
  it('error handling (missing sector identifier or salt)', () => {
    expect(() => pairwise('', 'user-12345')).toThrow(
      'Sector identifier is required for pairwise subject type',
    );
    expect(() => pairwise('example.com', 'user-12345', Buffer.alloc(0))).toThrow(
      'Salt is required for pairwise subject type',
    );
  });
});

describe('the examples', () => {
  it('registers a client with pairwise', () => {
    const sent = { client_name: 'My Privacy-Focused App', subject_type: 'pairwise' };
    const { told } = register({ ...sent, redirect_uris: ['https://app.example.com/callback'] });
    expect(told).toMatchObject({
      ...sent,
      client_id: expect.stringMatching(/^client_./),
      client_secret: expect.stringMatching(/./),
      redirect_uris: ['https://app.example.com/callback'],
    });
  });
  it('needs no sector_identifier_uri for redirect URIs of one host', () => {
    const { told } = register({ redirect_uris: SAME_HOST, subject_type: 'pairwise' });
    expect(told).toMatchObject({ redirect_uris: SAME_HOST, subject_type: 'pairwise' });
  });
  it('takes different hosts with a sector_identifier_uri', () => {
    const sent = { redirect_uris: OTHER_HOSTS, sector_identifier_uri: SECTOR_URI };
    const { told, settings } = register({ ...sent, subject_type: 'pairwise' });
    expect(told).toMatchObject(sent);
    expect(settings?.sector).toBe('example.com');
  });
  it('refuses different hosts without one, in these words', () => {
    const { refused } = register({ redirect_uris: OTHER_HOSTS, subject_type: 'pairwise' });
    expect(refused).toEqual(['client_metadata_invalid', DIFFERENT_HOSTS]);
  });
  it('makes public the default where the operator listed it, and pairwise elsewhere', () => {
    const sent = { redirect_uris: [ONE] };
    expect(register(sent).settings?.subjectType).toBe('public');
    expect(register(sent, vendor('pairwise')).settings?.subjectType).toBe('pairwise');
    const { refused } = register({ ...sent, subject_type: 'public' }, vendor('pairwise'));
    expect(refused?.[0]).toBe('client_metadata_invalid');
  });
  it('needs https for a sector_identifier_uri', () => {
    const uri = 'http://example.com/.well-known/sector-uris.json';
    const { refused } = register({ redirect_uris: OTHER_HOSTS, sector_identifier_uri: uri });
    expect(refused?.[0]).toBe('client_metadata_invalid');
  });
});
