import { describe, expect, test } from 'vitest';

import { Refusal } from '../../../src/errors.ts';
import { narrowedResources, resourcesOf } from '../../../src/protocol/resources.ts';
import type { Client } from '../../../src/vendors/client.ts';
import { clientIn } from '../subjects/replica.ts';

const CLIENT = clientIn('acme.example');
const JWT: Client = {
  ...CLIENT,
  metadata: { ...CLIENT.metadata, access_token_format: 'jwt', resources: ['https://a.example'] },
};

function named(...resources: readonly string[]): URLSearchParams {
  return new URLSearchParams(resources.map((resource): [string, string] => ['resource', resource]));
}

function refused(ask: () => unknown): string | undefined {
  try {
    ask();
    return undefined;
  } catch (error) {
    return error instanceof Refusal ? error.reason : String(error);
  }
}

describe('the resources of a request', () => {
  test('are those it names, each once; an empty one is none', () => {
    const parameters = named('https://a.example', '', 'urn:b', 'https://a.example');
    expect(resourcesOf(parameters, CLIENT)).toEqual(['https://a.example', 'urn:b']);
  });

  test.each([
    ['no absolute URI', named('/api')],
    ['with a fragment', named('https://a.example/#top')],
    ['longer than any honest one', named(`https://a.example/${'x'.repeat(1024)}`)],
    ['more than eight', named(...'123456789'.split('').map((n) => `urn:${n}`))],
  ])('are refused: one %s', (_what, parameters) => {
    expect(refused(() => resourcesOf(parameters, CLIENT))).toBe('resource_invalid');
  });

  test('are registered ones where the token is a JWT: its readers rely on the audience', () => {
    expect(resourcesOf(named('https://a.example'), JWT)).toEqual(['https://a.example']);
    expect(refused(() => resourcesOf(named('https://b.example'), JWT))).toBe('resource_invalid');
  });
});

describe('the resources of one token', () => {
  test('are those of its grant, or fewer, never more', () => {
    const granted = ['urn:a', 'urn:b'];
    expect(narrowedResources(named(), CLIENT, granted)).toEqual(granted);
    expect(narrowedResources(named('urn:b'), CLIENT, granted)).toEqual(['urn:b']);
    const more = () => narrowedResources(named('urn:b', 'urn:c'), CLIENT, granted);
    expect(refused(more)).toBe('resource_invalid');
  });
});
