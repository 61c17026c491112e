import { describe, expect, test } from 'vitest';

import {
  noticeWish,
  readAnswerPlace,
  readAuthorizationRequest,
  refuseImpossible,
} from '../../../src/protocol/authorization-request.ts';
import type { Client } from '../../../src/vendors/client.ts';
import { clientWith, reasonOf } from './given.ts';

const CLIENT = clientWith({ response_types: ['code', 'id_token', 'id_token token', 'code token'] });
const [REDIRECT_URI = ''] = CLIENT.metadata.redirect_uris;
const GOOD = { response_type: 'code', scope: 'openid', redirect_uri: REDIRECT_URI };

const read = (changes: Record<string, string>, client: Client = CLIENT) =>
  readAuthorizationRequest(client, new URLSearchParams({ ...GOOD, ...changes }));

describe('where an answer goes', () => {
  const placeOf = (changes: Record<string, string>, ...twice: readonly string[]) =>
    readAnswerPlace(CLIENT, new URLSearchParams({ ...GOOD, ...changes }), new Set(twice));

  test('is a registered address alone, that stands once', async () => {
    expect(placeOf({}).redirectUri).toBe(REDIRECT_URI);
    const elsewhere = { redirect_uri: 'https://elsewhere.example/' };
    expect(await reasonOf(() => placeOf(elsewhere))).toBe('redirect_uri_unregistered');
    expect(await reasonOf(() => placeOf({ redirect_uri: '' }))).toBe('parameter_missing');
    expect(await reasonOf(() => placeOf({}, 'redirect_uri'))).toBe('parameter_duplicated');
  });

  test('is told even where the rest of the request is a mess', () => {
    expect(placeOf({ response_mode: 'web_message' }).responseMode).toBe('query');
    expect(placeOf({ response_mode: 'form_post' }, 'response_mode').responseMode).toBe('query');
    expect(placeOf({ response_type: 'token token' }).responseMode).toBe('query');
    expect(placeOf({ response_type: 'id_token' }).responseMode).toBe('fragment');
    expect(placeOf({ response_type: 'id_token', response_mode: 'query' }).responseMode).toBe(
      'fragment',
    );
    expect(placeOf({ state: 's' }, 'state').state).toBeUndefined();
    expect(placeOf({ state: 's'.repeat(4097) }).state).toBeUndefined();
  });
});

describe('an authorization request', () => {
  test('passes on wishes about the login page, and nothing that is empty', () => {
    const { wishes } = read({ ui_locales: 'nl', acr_values: 'urn:acr:2', display: '' });
    expect(wishes).toEqual({ ui_locales: 'nl', acr_values: 'urn:acr:2' });
  });

  test.each<[string, Record<string, string>, string]>([
    ['without a type', { response_type: '' }, 'parameter_missing'],
    ['of an unknown type', { response_type: 'token' }, 'response_type_unsupported'],
    [
      'of a type that is not registered',
      { response_type: 'code id_token' },
      'response_type_unregistered',
    ],
    ['for an ID token without a nonce', { response_type: 'id_token' }, 'parameter_missing'],
    [
      'for tokens in a query',
      { response_type: 'id_token', response_mode: 'query' },
      'response_mode_unsupported',
    ],
    ['with a nonce too long to travel', { nonce: 'n'.repeat(1025) }, 'request_malformed'],
    ['that is silent and not', { prompt: 'none login' }, 'request_malformed'],
    ['with an age in words', { max_age: 'old' }, 'request_malformed'],
    ['with a method and no challenge', { code_challenge_method: 'S256' }, 'pkce_required'],
    ['with a plain challenge', { code_challenge: 'x'.repeat(43) }, 'pkce_required'],
    ['without openid', { scope: 'profile' }, 'scope_invalid'],
    ['bound to a key that is none', { dpop_jkt: 'short' }, 'request_malformed'],
  ])('%s is refused', async (_what, changes, reason) => {
    expect(await reasonOf(() => read(changes))).toBe(reason);
  });

  test('may be bound to a key (RFC 9449 10)', () => {
    expect(read({ dpop_jkt: 'x'.repeat(43) }).dpopJkt).toBe('x'.repeat(43));
  });

  test('for a token in the browser is refused where tokens are to be bound to a key', async () => {
    const { response_types } = CLIENT.metadata;
    const bound = clientWith({ response_types, dpop_bound_access_tokens: true });
    const wanted = { response_type: 'code token', nonce: 'n' };
    expect(await reasonOf(() => read(wanted, bound))).toBe('client_front_channel');
    expect(await reasonOf(() => read({}, bound))).toBeUndefined();
  });

  test('of a client whose credential we do not hold is for a code alone, and without a notice', async () => {
    const ask = (responseType: 'code' | 'id_token', notice?: 'unseen') =>
      reasonOf(() => refuseImpossible(CLIENT, { responseType, notice }));
    expect(await ask('code')).toBeUndefined();
    expect(await ask('id_token')).toBe('client_front_channel');
    expect(await ask('code', 'unseen')).toBe('notice_impossible');
  });
});

test('a notice is shown to whoever has not seen it, and to all where consent is asked for', () => {
  expect(noticeWish({ notice: true }, [])).toBe('unseen');
  expect(noticeWish({ notice: true }, ['login', 'consent'])).toBe('always');
  expect(noticeWish({ notice: false }, ['consent'])).toBeUndefined();
  expect(noticeWish(undefined, [])).toBeUndefined();
});
