import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  authenticationMethod,
  clientAuthentication,
} from '../../../src/upstream/client-authentication.ts';

const WITH_SECRET = { clientId: 'app', clientSecret: 's' };
const PUBLIC = { clientId: 'app', clientSecret: undefined };
const offering = (...methods: string[]) => ({ token_endpoint_auth_methods_supported: methods });

describe('authenticationMethod', () => {
  test('prefers basic, takes post, and uses none for a client without a secret', () => {
    const both = offering('client_secret_post', 'client_secret_basic');
    expect(authenticationMethod(both, WITH_SECRET)).toBe('client_secret_basic');
    expect(authenticationMethod(offering('client_secret_post'), WITH_SECRET)).toBe(
      'client_secret_post',
    );
    expect(authenticationMethod(both, PUBLIC)).toBe('none');
  });

  test('does not send a secret in a way that the upstream does not take', () => {
    expect(() => authenticationMethod(offering('private_key_jwt', 'none'), WITH_SECRET)).toThrow(
      expect.objectContaining({ reason: 'upstream_client' }),
    );
  });
});

describe('clientAuthentication', () => {
  test('client_secret_basic encodes both parts as a form before joining them', () => {
    const { headers, parameters } = clientAuthentication('client_secret_basic', {
      clientId: 'my app:1',
      clientSecret: 'p%20:ä+',
    });
    const [scheme, encoded = ''] = (headers['authorization'] ?? '').split(' ');
    expect(scheme).toBe('Basic');
    expect(Buffer.from(encoded, 'base64').toString()).toBe('my+app%3A1:p%2520%3A%C3%A4%2B');
    expect(parameters).toEqual({});
  });

  test('client_secret_basic says any pair so that it can be read back', () => {
    const decoded = (part: string) => new URLSearchParams(`=${part}`).get('');
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, text, (clientId, clientSecret) => {
        const { headers } = clientAuthentication('client_secret_basic', { clientId, clientSecret });
        const pair = Buffer.from((headers['authorization'] ?? '').slice(6), 'base64').toString();
        const [id = '', secret = '', ...rest] = pair.split(':');
        expect(rest).toEqual([]);
        expect([decoded(id), decoded(secret)]).toEqual([clientId, clientSecret]);
      }),
    );
  });

  test('client_secret_post and none send parameters and no header', () => {
    expect(clientAuthentication('client_secret_post', WITH_SECRET)).toEqual({
      headers: {},
      parameters: { client_id: 'app', client_secret: 's' },
    });
    expect(clientAuthentication('none', WITH_SECRET)).toEqual({
      headers: {},
      parameters: { client_id: 'app' },
    });
  });

  test('a method with a secret needs one', () => {
    expect(() => clientAuthentication('client_secret_basic', PUBLIC)).toThrow(
      expect.objectContaining({ reason: 'upstream_client' }),
    );
  });
});
