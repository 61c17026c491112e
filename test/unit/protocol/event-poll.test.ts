import { describe, expect, test } from 'vitest';

import { readPoll } from '../../../src/protocol/event-poll.ts';
import { reasonOf, requestWith } from './given.ts';

const read = (body: object) =>
  readPoll(
    requestWith({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      payload: async () => Buffer.from(JSON.stringify(body)),
    }),
  );

describe('what a receiver says of an event that it cannot use', () => {
  const kept = async (said: unknown) => (await read({ setErrs: { j: said } })).refused.get('j');

  test('is kept as its code', async () => {
    expect(await kept({ err: 'invalid_key', description: 'alice' })).toBe(
      'the receiver said invalid_key',
    );
  });

  test.each([[{ err: 'who is Alice?' }], [{ err: 'x'.repeat(41) }], [{ err: 5 }], [{}], ['no']])(
    'is kept as nothing but a no where it is no code: %j',
    async (said) => {
      expect(await kept(said)).toBe('the receiver refused it');
    },
  );

  test('is said of no more events at once than anybody has', async () => {
    const said = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`j${n}`, { err: 'no' }]));
    expect((await read({ setErrs: said(1000) })).refused.size).toBe(1000);
    expect(await reasonOf(() => read({ setErrs: said(1001) }))).toBe('events_body');
  });
});
