import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { UpstreamTraces } from '../../../src/doctor/upstream-traces.ts';

const ISSUER = 'https://login.example/pairwise';
const THEIRS = 'https://idp.example';
const traces = new UpstreamTraces({
  issuer: ISSUER,
  upstream: {
    issuer: `${THEIRS}/realm`,
    url: 'http://10.0.0.7:8080',
    clientId: undefined,
    clientSecret: undefined,
    registrationToken: undefined,
    stateLimit: 1800,
  },
});

describe('traces of the upstream', () => {
  test.each([
    `<a href="${THEIRS}/x">`,
    `{"next":"${THEIRS.replaceAll('/', '\\/')}\\/x"}`,
    `callback_url=${encodeURIComponent(`${THEIRS}/x`)}`,
    `outer=${encodeURIComponent(`inner=${encodeURIComponent(`${THEIRS}/x`)}`)}`,
    `see ${THEIRS}.`,
  ])('are found in %s', (text) => {
    expect(traces.in(text)).toEqual([THEIRS]);
  });

  test('are found at the address where the upstream is reached', () => {
    expect(traces.in('url(http://10.0.0.7:8080/logo.png)')).toEqual(['http://10.0.0.7:8080']);
  });

  test.each([
    `<a href="${ISSUER}/x">`,
    'https://idp.example.com/x',
    'https://idp.example:8443/x',
    'https://idp.example-other.test',
    'idp.example',
  ])('are not seen in %s', (text) => {
    expect(traces.in(text)).toEqual([]);
  });

  test('are found behind any number of encodings up to two, whatever stands around', () => {
    const around = fc.string({ maxLength: 30 }).filter((text) => !text.includes('%'));
    fc.assert(
      fc.property(around, around, fc.integer({ min: 0, max: 2 }), (before, after, depth) => {
        let text = `${before}${THEIRS}/${after}`;
        for (let layer = 0; layer < depth; layer += 1) text = encodeURIComponent(text);
        expect(traces.in(text)).toContain(THEIRS);
      }),
    );
  });

  test('cannot be told where both sides have one origin', () => {
    const same = new UpstreamTraces({
      issuer: THEIRS,
      upstream: {
        issuer: THEIRS,
        url: THEIRS,
        clientId: undefined,
        clientSecret: undefined,
        registrationToken: undefined,
        stateLimit: 1800,
      },
    });
    expect(same.in(`${THEIRS}/x`)).toEqual([]);
  });
});
