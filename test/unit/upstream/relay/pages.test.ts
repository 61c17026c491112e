import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';

import { HtmlGuard } from '../../../../src/upstream/relay/html-guard.ts';
import { createSite } from '../../../../src/upstream/relay/site.ts';
import { FEDERATION, openWorld, page, POLICY, REDIRECT_URI, type World } from './world.ts';

const THEIRS = 'https://sso.legacy.example';
const ISSUER = 'https://ours.example/idp';

let world: World | undefined;
afterEach(() => world?.close());

/** The page that a browser gets at `/realm/login` for this page of the upstream. */
async function relayed(html: string, issuer = ISSUER): Promise<string> {
  world = await openWorld({ upstream: page(html), origin: THEIRS, issuer });
  const { pathname } = new URL(issuer);
  const answer = await world.get(`${pathname === '/' ? '' : pathname}/realm/login`);
  await world.close();
  return answer.body;
}

describe('addresses in a page', () => {
  test.each([
    ['relative', '<a href="next?x">', '<a href="next?x">'],
    ['from the root', '<a href="/home">', '<a href="/idp/home">'],
    ['ours already', '<a href="/idp/home">', '<a href="/idp/home">'],
    ['absolute', `<a href="${THEIRS}/home">`, `<a href="${ISSUER}/home">`],
    ['unquoted', `<img src=/a.png alt=x>`, `<img src="/idp/a.png" alt=x>`],
    [
      'in odd entities',
      '<a href="&#104;ttps://sso.legacy.example/home">',
      `<a href="${ISSUER}/home">`,
    ],
    [
      'with a broken scheme',
      '<a href="https:/\\sso.legacy.example/home">',
      `<a href="${ISSUER}/home">`,
    ],
    [
      'a form',
      `<form method=post action='/login?a=1&amp;b=2'>`,
      `<form method=post action="/idp/login?a=1&amp;b=2">`,
    ],
    ['a form to itself', '<form action="">', '<form action="">'],
    ['a button', `<button formaction="${THEIRS}/x">`, `<button formaction="${ISSUER}/x">`],
    [
      'a refresh',
      '<meta http-equiv="Refresh" content="3;URL=/home">',
      `<meta http-equiv="Refresh" content="3; url=${ISSUER}/home">`,
    ],
    [
      'a base',
      `<base href="${THEIRS}/dir/"><a href="/x">`,
      `<base href="${ISSUER}/dir/"><a href="/idp/x">`,
    ],
    [
      'a link elsewhere',
      '<a href="https://help.example/?q=1">',
      '<a href="https://help.example/?q=1">',
    ],
    ['a mail', '<a href="mailto:a@b.example">', '<a href="mailto:a@b.example">'],
    [
      'a form to a federation origin',
      `<form action="${FEDERATION}/saml">`,
      `<form action="${FEDERATION}/saml">`,
    ],
    ['in svg', '<svg><a xlink:href="/x"></svg>', '<svg><a xlink:href="/idp/x"></svg>'],
    [
      'a digest of ours',
      '<script src="/x.js" integrity=sha>',
      '<script src="/idp/x.js" integrity="">',
    ],
    [
      'a digest of others',
      '<script src="https://cdn.example/x.js" integrity=sha>',
      '<script src="https://cdn.example/x.js" integrity=sha>',
    ],
    [
      'a referrer policy',
      '<meta name=referrer content=unsafe-url><a referrerpolicy=origin href=x>',
      '<meta name=referrer content="no-referrer"><a referrerpolicy="no-referrer" href=x>',
    ],
    [
      'a set of images',
      '<img srcset="/a.png 1x, /b.png 2x, data:image/jpeg;base64,/9j/ 3x, c.png">',
      '<img srcset="/idp/a.png 1x, /idp/b.png 2x, data:image/jpeg;base64,/9j/ 3x, c.png">',
    ],
    ['characters by name', '<a href="/x?c=&euro;">', '<a href="/idp/x?c=&#8364;">'],
    [
      'without scripts',
      '<noscript><a href="/x">x</a></noscript>',
      '<noscript><a href="/idp/x">x</a></noscript>',
    ],
  ])('%s', async (_name, html, expected) => {
    expect(await relayed(html)).toBe(expected);
  });

  test('in a script', async () => {
    const script = `<script>location="${THEIRS}\\/x";if(a<b&&c)document.write("<form>")</script>`;
    expect(await relayed(script)).toBe(script.replace(THEIRS, ISSUER));
  });
});

describe('what leads away is taken out of the page', () => {
  test.each([
    ['a form', '<form action="https://evil.example/">', '<form action="about:blank">'],
    ['a button', '<button formaction="//evil.example/">', '<button formaction="about:blank">'],
    [
      'a form in odd entities',
      '<form action="&#x68;ttps&colon;//evil.example/">',
      '<form action="about:blank">',
    ],
    ['a form to no URL', '<form action="https://[">', '<form action="about:blank">'],
    [
      'a refresh',
      '<meta http-equiv=refresh content="0;url=https://evil.example/">',
      '<meta http-equiv=refresh content="">',
    ],
    [
      'a script in a refresh',
      '<meta http-equiv=refresh content="0;url=javascript:x()">',
      '<meta http-equiv=refresh content="">',
    ],
    ['a base', '<base href="https://evil.example/">', '<base href="">'],
    [
      'a form without scripts',
      '<noscript><form action="https://evil.example/"></noscript>',
      '<noscript><form action="about:blank"></noscript>',
    ],
    ['a page in an attribute', '<iframe srcdoc="&lt;form action=x>">', '<iframe srcdoc="">'],
    [
      'a front-channel logout',
      '<iframe src="https://vendor.example/out?iss=x&amp;sid=1">',
      '<iframe src="about:blank">',
    ],
    [
      'a response in odd entities',
      '<a href="&#104;ttps://vendor.example/cb?code=bare">',
      '<a href="about:blank">',
    ],
  ])('%s', async (_name, html, expected) => {
    expect(await relayed(html)).toBe(expected);
    expect(world?.logged).toHaveLength(1);
  });

  test('a response that opens goes out as ours', async () => {
    const html = `<a href="&#104;ttps://vendor.example/cb?code=bare&amp;state=good">`;
    expect(await relayed(html)).toBe(`<a href="${REDIRECT_URI}?code=sealed&amp;state=theirs">`);
  });
});

/*
 * A form_post response has the browser carry the code or the tokens in a form. The
 * upstream is never asked for one; a vendor's server that plays the browser would
 * read the values in the page.
 */
describe('a posted authorization response is held back whole', () => {
  test.each([
    [
      'a form to a redirect URI',
      `<form method=post action="${REDIRECT_URI}"><input name=code value=bare>`,
    ],
    ['a form that carries a code away', '<form action="https://evil.example/?code=bare">'],
    ['an ID token', '<form><input type=hidden name="id_token" value=bare></form>'],
    ['an access token', '<input form=f name=access_token value=bare>'],
    [
      'one without scripts',
      `<noscript><form action="${REDIRECT_URI}"><input value=bare></noscript>`,
    ],
  ])('%s', async (_name, html) => {
    expect(await relayed(html)).toBe('blocked: relay_blocked');
  });

  test('a code that the user types is none', async () => {
    const html = '<form action="otp"><input name="code" autocomplete="one-time-code"></form>';
    expect(await relayed(html)).toBe(html);
  });
});

test.each([
  '<meta charset="iso-2022-jp">',
  '<meta http-equiv=content-type content="text/html; charset=utf-7">',
])('a page that calls itself unreadable is held back: %s', async (html) => {
  expect(await relayed(html)).toBe('blocked: upstream_encoding');
});

const site = createSite(
  'https://ours.example',
  { origin: THEIRS, target: THEIRS, authorizationPath: '/a', backChannelPaths: [] },
  [],
);
const answer = (response: URL) => POLICY.answer(response, undefined);
const text = { addresses: site.outward, untouched: site.federation, policy: POLICY, answer };

async function guarded(octets: Buffer, places: readonly number[]): Promise<string> {
  const cuts = [0, ...places.map((place) => place % (octets.length + 1)), octets.length];
  cuts.sort((a, b) => a - b);
  const chunks = cuts.slice(1).map((end, index) => octets.subarray(cuts[index], end));
  const rules = { site, policy: POLICY, text, answer, heldBack: () => {} };
  const guard = new HtmlGuard(new URL(`${THEIRS}/x`), rules);
  return (await buffer(Readable.from(chunks).pipe(guard))).toString('latin1');
}

const piece = fc.oneof(
  fc.constantFrom(
    '<!doctype html>',
    '<p class="a">',
    '</p>',
    '<!-- <form action="https://evil.example"> -->',
    '<script>if (a < b) c("</p>")</script>',
    '<style>a > b {}</style>',
    '<pre>\n\n',
    '<textarea>\n<b></textarea>',
    '<title>&amp; &copy</title>',
    "<input disabled value='\"'>",
    '<noscript><p>\n</noscript>',
    '<svg><path d="M0"/></svg>',
    '&nbsp;',
    '\r\n',
    '\n',
    '\u00c3\u00a9',
  ),
  fc.string({ maxLength: 8 }).map((each) => each.replaceAll('<', '')),
);

test('whatever is no address passes octet by octet, however the page was cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 20 }),
      fc.array(fc.nat(), { maxLength: 20 }),
      async (pieces, places) => {
        const octets = Buffer.from(pieces.join(''), 'latin1');
        expect(await guarded(octets, places)).toBe(octets.toString('latin1'));
      },
    ),
  );
});

test('a tag without end is held back before it fills the memory', async () => {
  const octets = Buffer.from(`<p title="${'a'.repeat(5 * 1024 * 1024)}`);
  await expect(guarded(octets, [])).rejects.toMatchObject({ reason: 'upstream_malformed' });
});
