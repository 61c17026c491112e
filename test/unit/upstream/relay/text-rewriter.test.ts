import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createSite } from '../../../../src/upstream/relay/site.ts';
import { TextRewriter, rewriteText } from '../../../../src/upstream/relay/text-rewriter.ts';
import { POLICY } from './world.ts';

const THEIRS = 'https://sso.legacy.example';
const OURS = 'https://ours.example:8443/idp';
const site = createSite(
  OURS,
  { origin: THEIRS, target: 'http://10.0.0.1:9000', authorizationPath: '/a', backChannelPaths: [] },
  ['https://federation.example'],
);
const rules = {
  addresses: site.outward,
  untouched: site.federation,
  policy: POLICY,
  answer: (response: URL) => POLICY.answer(response, undefined),
};

async function stream(chunks: Iterable<Buffer>): Promise<string> {
  const rewriter = new TextRewriter(rules);
  return (await buffer(Readable.from(chunks).pipe(rewriter))).toString('latin1');
}

const once = encodeURIComponent;
const twice = (text: string) => once(once(text));

describe('addresses of the upstream become ours in the spelling they stand in', () => {
  test.each([
    ['plain', `go to ${THEIRS}/login.`, `go to ${OURS}/login.`],
    ['upper case', 'HTTPS://SSO.Legacy.Example/x', `${OURS}/x`],
    ['default port', `${THEIRS}:443/x`, `${OURS}/x`],
    ['http behind a TLS terminator', 'http://sso.legacy.example/x', `${OURS}/x`],
    ['where it is really reached', 'http://10.0.0.1:9000/x', `${OURS}/x`],
    ['protocol-relative', '"//sso.legacy.example/x"', '"//ours.example:8443/idp/x"'],
    [
      'JSON',
      String.raw`{"u":"https:\/\/sso.legacy.example\/x"}`,
      String.raw`{"u":"https:\/\/ours.example:8443\/idp\/x"}`,
    ],
    [
      'script escapes',
      String.raw`'https:\u002F\u002Fsso.legacy.example\u002Fx'`,
      String.raw`'https:\u002F\u002Fours.example:8443\u002Fidp\u002Fx'`,
    ],
    [
      'entities',
      'https:&#x2F;&#x2F;sso.legacy.example&#x2F;x',
      'https:&#x2F;&#x2F;ours.example:8443&#x2F;idp&#x2F;x',
    ],
    [
      'percent-encoded',
      `?callback_url=${once(`${THEIRS}/x?a=b`)}`,
      `?callback_url=${once(`${OURS}/x?a=b`)}`,
    ],
    ['percent-encoded twice', `?u=${twice(`${THEIRS}/x?a=b`)}`, `?u=${twice(`${OURS}/x?a=b`)}`],
    ['web socket', 'wss://sso.legacy.example/s', 'wss://ours.example:8443/idp/s'],
  ])('%s', async (_name, text, expected) => {
    expect(await rewriteText(text, rules)).toBe(expected);
  });

  test.each([
    ['another host that begins alike', 'https://sso.legacy.example.evil.example/x'],
    ['another port', 'https://sso.legacy.example:8443/x'],
    ['user information', 'https://sso.legacy.example@evil.example/x'],
    ['a host that ends alike', 'https://not-sso.legacy.example/x'],
    [
      'what a federation origin gets',
      `https://federation.example/start?redirect_uri=${once(`${THEIRS}/back`)}`,
    ],
  ])('but not %s', async (_name, text) => {
    expect(await rewriteText(text, rules)).toBe(text);
  });

  test('and back on the way in', () => {
    const query = `callback_url=${once(`${OURS}/x?a=b`)}&again=${twice(`${OURS}/y`)}`;
    const expected = `callback_url=${once(`${THEIRS}/x?a=b`)}&again=${twice(`${THEIRS}/y`)}`;
    expect(site.inward.turn(query)).toBe(expected);
  });
});

describe('an authorization response in text is exchanged for what the policy makes of it', () => {
  const good = 'https://vendor.example/cb?code=bare&state=good';
  const foreign = 'https://vendor.example/cb?code=bare&state=other';
  const answered = 'https://vendor.example/cb?code=sealed&state=theirs';

  test.each([
    ['plain', `location = "${good}"`, `location = "${answered}"`],
    ['JSON', `{"to":"${good.replaceAll('/', String.raw`\/`)}"}`, `{"to":"${answered}"}`],
    ['JSON in JSON', `"{\\"to\\":\\"${good}\\"}"`, `"{\\"to\\":\\"${answered}\\"}"`],
    ['escaped ampersand', `"${good.replace('&', String.raw`\u0026`)}"`, `"${answered}"`],
    [
      'an attribute',
      `<a href="${good.replace('&', '&amp;')}">`,
      `<a href="${answered.replace('&', '&amp;')}">`,
    ],
    [
      'JSON in an attribute',
      `data='{&quot;to&quot;:&quot;${good.replace('&', '&amp;')}&quot;}'`,
      `data='{&quot;to&quot;:&quot;${answered.replace('&', '&amp;')}&quot;}'`,
    ],
    ['percent-encoded', `?to=${once(good)}&x=1`, `?to=${once(answered)}&x=1`],
    ['percent-encoded twice', `?to=${twice(good)}&x=1`, `?to=${twice(answered)}&x=1`],
    ['protocol-relative', `"${good.slice(6)}"`, `"${answered}"`],
    ['entities for slashes', good.replaceAll('/', '&#x2F;'), answered],
    [
      'unencoded in what is encoded',
      once(`https://x.example/?to=${good}`),
      once(`https://x.example/?to=${answered}`),
    ],
    ['two in one word', `${once(good)}&${once(good)}`, `${once(answered)}&${once(answered)}`],
  ])('%s', async (_name, text, expected) => {
    expect(await rewriteText(text, rules)).toBe(expected);
  });

  test.each([
    ['a foreign code', foreign],
    ['a fragment', 'https://vendor.example/cb#id_token=eyJ&state=good2'],
    ['an error', 'https://vendor.example/cb?error=access_denied&state=x'],
    ['a custom scheme', 'com.vendor.app:/cb?code=bare&state=good'],
  ])('%s becomes an address to nowhere', async (_name, text) => {
    expect(await rewriteText(`"${text}"`, rules)).toBe('"about:blank"');
  });

  test('a custom scheme in what is encoded', async () => {
    const text = once('https://x.example/?to=com.vendor.app:/cb?code=bare');
    expect(await rewriteText(text, rules)).toBe(once('https://x.example/?to=about:blank'));
  });

  // Text that a page only echoes must not be able to keep the process busy.
  test.each([
    ['backslashes', `${'\\'.repeat(60_000)}?code=1`],
    ['letters', `${'a'.repeat(60_000)}?code=1`],
    ['percent signs', `${'%25'.repeat(20_000)}?code=1`],
    ['ampersands', `${'&#'.repeat(30_000)}?code=1`],
  ])('a long run of %s is no work', async (_name, text) => {
    expect(await rewriteText(text, rules)).toBe(text);
  });

  test('a word of nothing but schemes is held back', async () => {
    const text = `${'a:,'.repeat(20_000)}?code=1`;
    await expect(rewriteText(text, rules)).rejects.toMatchObject({ reason: 'upstream_malformed' });
  });

  test('a redirect URI without a response stays', async () => {
    const text = 'https://vendor.example/cb?lang=de https://other.example/?code=1';
    expect(await rewriteText(text, rules)).toBe(text);
  });
});

const fragment = fc.oneof(
  fc.constantFrom(
    THEIRS,
    `${THEIRS}/login?x=1`,
    once(`${THEIRS}/x`),
    twice(`${THEIRS}/x`),
    String.raw`https:\/\/sso.legacy.example\/`,
    'https://vendor.example/cb?code=bare&state=good',
    once('https://vendor.example/cb?code=bare&state=other'),
    'https://federation.example/?u=https://sso.legacy.example',
    '&amp;',
    '"',
    ' ',
    '%',
    ';',
    'data:image/png;base64,',
  ),
  fc.string({ maxLength: 12 }),
);
const text = fc
  .array(fragment, { maxLength: 20 })
  .map((parts) => `page${Buffer.from(parts.join('')).toString('latin1').replaceAll('\u0000', '')}`);

function cut(whole: Buffer, at: readonly number[]): Buffer[] {
  const places = [0, ...at.map((each) => each % (whole.length + 1)), whole.length];
  places.sort((a, b) => a - b);
  return places.slice(1).map((end, index) => whole.subarray(places[index], end));
}

describe('streaming', () => {
  test('gives the same text however the upstream cut it', async () => {
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(), { maxLength: 30 }), async (whole, places) => {
        const octets = Buffer.from(whole, 'latin1');
        expect(await stream(cut(octets, places))).toBe(await rewriteText(whole, rules));
      }),
    );
  });

  test('leaves every other octet as it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (octets) => {
        const body = Buffer.concat([Buffer.from('text '), octets]);
        expect(await stream([body])).toBe(body.toString('latin1'));
      }),
    );
  });

  test.each([1000, 65_536, 70_000])('passes a long data URI in chunks of %d', async (size) => {
    const uri = `url(data:image/png;base64,${'QUJD'.repeat(100_000)}) ${THEIRS}/x`;
    const octets = Buffer.from(uri);
    const chunks = Array.from({ length: Math.ceil(octets.length / size) }, (_, index) =>
      octets.subarray(index * size, (index + 1) * size),
    );
    expect(await stream(chunks)).toBe(uri.replace(THEIRS, OURS));
  });

  test('holds back what is too long to be looked at whole', async () => {
    const word = `https://vendor.example/cb?x=${'a'.repeat(70_000)}&code=bare`;
    await expect(stream([Buffer.from(word)])).rejects.toMatchObject({
      reason: 'upstream_malformed',
    });
  });

  test.each([
    ['a byte order mark', Buffer.from('\ufeff<p>', 'utf16le')],
    ['none', Buffer.from('<p>', 'utf16le')],
  ])('refuses UTF-16 with %s', async (_name, octets) => {
    await expect(stream([octets])).rejects.toMatchObject({ reason: 'upstream_encoding' });
  });
});
