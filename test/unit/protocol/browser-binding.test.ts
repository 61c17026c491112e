import { describe, expect, test } from 'vitest';

import { BrowserBinding } from '../../../src/protocol/browser-binding.ts';

describe('the cookie that ties an answer to the browser that asked', () => {
  test('is one of this host alone, and travels in a vendor’s frame', () => {
    const { setCookie } = new BrowserBinding('https://login.example').bind(undefined);
    expect(setCookie).toMatch(
      /^__Host-pairwise-browser=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=None$/,
    );
  });

  test('does without https on a loopback address', () => {
    const { setCookie } = new BrowserBinding('http://127.0.0.1:8080').bind(undefined);
    expect(setCookie).toMatch(/^pairwise-browser=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  test('is set once, and tells its browser from every other', () => {
    const binding = new BrowserBinding('https://login.example');
    const { hash, setCookie = '' } = binding.bind('theme=dark');
    const cookie = `theme=dark; ${setCookie.split(';')[0]}`;
    expect(binding.bind(cookie)).toEqual({ hash, setCookie: undefined });
    expect(binding.matches(hash, cookie)).toBe(true);
    expect(binding.matches(hash, undefined)).toBe(false);
    expect(binding.matches(hash, binding.bind(undefined).setCookie?.split(';')[0])).toBe(false);
  });

  test('is made anew where somebody planted one of another form', () => {
    const binding = new BrowserBinding('https://login.example');
    const planted = '__Host-pairwise-browser=known-to-the-attacker';
    expect(binding.bind(planted).setCookie).toBeDefined();
    expect(binding.matches(binding.bind(planted).hash, planted)).toBe(false);
  });
});
