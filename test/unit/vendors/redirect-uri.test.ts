import { describe, expect, it } from 'vitest';

import { redirectUriProblem } from '../../../src/vendors/redirect-uri.ts';

/*
 * A redirect URI decides where codes go. What follows are the usual ways to make
 * a registered address mean another host than its reader thinks, to make a browser
 * run it, or to make it stand for more than one address.
 */
describe('a redirect URI is refused', () => {
  it.each([
    ['http://vendor.example/callback', 'uses http'],
    ['http://localhost.evil.example/callback', 'uses http'],
    ['http://127.0.0.1.evil.example/callback', 'uses http'],
    ['https://vendor.example/callback#part', 'fragment'],
    ['https://vendor.example/callback#', 'fragment'],
    ['https://*.vendor.example/callback', 'wildcard'],
    ['https://vendor.example/*', 'wildcard'],
    ['https://vendor.example@evil.example/', 'user'],
    ['https://@evil.example/', 'user'],
    ['https:vendor.example/callback', 'no host'],
    ['https:///vendor.example/callback', 'no host'],
    ['https://evil.example\\@vendor.example/', 'backslash'],
    ['https://vendor.example/a b', 'space'],
    ['https://vendor.example/\u0000', 'beyond ASCII'],
    ['https://vendör.example/', 'beyond ASCII'],
    ['/callback', 'absolute'],
    ['vendor.example/callback', 'absolute'],
    ['//vendor.example/callback', 'absolute'],
    ['', 'beyond ASCII'],
    ['javascript:alert(1)', 'scheme'],
    ['com.vendor.app:/callback', 'scheme'],
    [`https://vendor.example/${'a'.repeat(2000)}`, 'long'],
  ])('of a web client: %s', (uri, wrong) => {
    expect(redirectUriProblem(uri, 'web')?.wrong).toContain(wrong);
    expect(redirectUriProblem(uri, 'web')?.right).toBeTruthy();
  });

  it.each(['javascript:alert(1)', 'DATA:text/html,x', 'file:///etc/passwd', 'http://app.example/'])(
    'of a native client: %s',
    (uri) => {
      expect(redirectUriProblem(uri, 'native')).toBeDefined();
    },
  );
});

describe('a redirect URI is taken', () => {
  it.each([
    'https://vendor.example/callback',
    'https://vendor.example:8443/callback?tenant=1',
    'http://localhost:3000/callback',
    'http://127.0.0.1/callback',
    'http://[::1]:8000/',
  ])('of a web client: %s', (uri) => {
    expect(redirectUriProblem(uri, 'web')).toBeUndefined();
  });

  it.each(['com.vendor.app:/callback', 'vendorapp://callback', 'http://127.0.0.1:0/cb'])(
    'of a native client: %s',
    (uri) => {
      expect(redirectUriProblem(uri, 'native')).toBeUndefined();
    },
  );
});
