import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Refusal } from '../../../src/errors.ts';
import { LEVELS, LogLevel } from '../../../src/observability/log-level.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import type { Logger } from '../../../src/observability/logger.ts';

function capture(level: 'info' | 'debug' = 'info'): { log: Logger; lines: () => Line[] } {
  const written: string[] = [];
  const destination = { write: (line: string) => void written.push(line) };
  const lines = () => written.map((line) => JSON.parse(line) as Line);
  return { log: createLogger({ level, destination }), lines };
}

type Line = Record<string, unknown>;

const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl';

describe('a log line', () => {
  test('is one JSON object with level, time and message', () => {
    const { log, lines } = capture();
    log.info({ client: 'acme-web' }, 'listening');
    expect(lines()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
        pid: process.pid,
        client: 'acme-web',
        msg: 'listening',
      },
    ]);
  });

  test('follows a level that is changed, also where its logger was made before', () => {
    const written: string[] = [];
    const level = new LogLevel('info');
    const log = createLogger({ level, destination: { write: (line) => void written.push(line) } });
    const child = log.child({ requestId: 'r-1' });
    child.debug('quiet');
    level.set('debug');
    child.debug('loud');
    level.set('error');
    child.warn('quiet again');
    log.error('always');
    expect(written.map((line) => (JSON.parse(line) as Line)['msg'])).toEqual(['loud', 'always']);
  });

  test.each(LEVELS)('at %s is written exactly what is no louder', (level) => {
    const quieter = LEVELS.slice(0, LEVELS.indexOf(level) + 1);
    const all = LEVELS.filter((each) => each !== 'silent');
    const admitted = all.filter((each) => new LogLevel(level).admits(each));
    expect(admitted).toEqual(all.filter((each) => quieter.includes(each)));
  });

  test('is written only from the configured level on', () => {
    const { log, lines } = capture('info');
    log.debug('quiet');
    log.warn('loud');
    expect(lines().map((line) => line['msg'])).toEqual(['loud']);
  });

  test('of a child carries the fields of the child', () => {
    const { log, lines } = capture();
    log.child({ requestId: 'r-1' }).child({ client: 'a' }).error('refused');
    expect(lines()[0]).toMatchObject({ requestId: 'r-1', client: 'a', level: 'error' });
  });

  test('says reason, detail and causes of a refusal', () => {
    const { log, lines } = capture();
    const cause = Object.assign(new Error('connect 10.0.0.1'), { code: 'ECONNREFUSED' });
    log.warn({ err: new Refusal('upstream_unavailable', 'discovery', { cause }) }, 'refused');
    expect(lines()[0]?.['err']).toEqual({
      name: 'Refusal',
      reason: 'upstream_unavailable',
      detail: 'discovery',
      message: 'upstream_unavailable: discovery',
      causes: ['Error ECONNREFUSED'],
    });
  });

  test('says where an unforeseen error was thrown', () => {
    const { log, lines } = capture();
    log.error(new TypeError('x is not a function'));
    expect(lines()[0]?.['err']).toMatchObject({
      name: 'TypeError',
      message: 'x is not a function',
      frames: expect.arrayContaining([expect.stringContaining('logger.test.ts')]) as string[],
    });
  });
});

describe('what never comes out of a log line', () => {
  test('a request, its headers and its bytes', () => {
    const { log, lines } = capture();
    const request = new IncomingMessage(new Socket());
    request.headers.authorization = 'Basic YWNtZTpzM2NyZXQ=';
    log.info({ request, bytes: Buffer.from('s3cret'), headers: { cookie: 'sid=s3cret' } });
    log.info({ all: new Headers({ cookie: 'sid=s3cret' }), form: new URLSearchParams('c=s3cret') });
    expect(JSON.stringify(lines())).not.toMatch(/s3cret|YWNtZ/);
    expect(lines()[0]).toMatchObject({ request: '[IncomingMessage]', bytes: '[Buffer]' });
  });

  test('what a library hangs on its error', () => {
    const { log, lines } = capture();
    const error = Object.assign(new Error('failed'), {
      response: { body: 's3cret' },
      headers: { authorization: 's3cret' },
      code: 's3cret-code',
    });
    log.error({ err: error });
    log.error(new Error('outer', { cause: Object.assign(new Error('s3cret'), { sub: 's3cret' }) }));
    expect(JSON.stringify(lines())).not.toContain('s3cret');
  });

  test('the input that a parser quotes', () => {
    const { log, lines } = capture();
    try {
      JSON.parse('alice@example.com');
    } catch (error) {
      log.error({ err: error }, 'unreadable');
    }
    expect(JSON.stringify(lines())).not.toContain('alice');
    expect(lines()[0]).toMatchObject({ msg: 'unreadable', err: { name: 'SyntaxError' } });
  });

  test('the row that a database quotes', () => {
    const { log, lines } = capture();
    const duplicate = Object.assign(new Error("Duplicate entry 'alice' for key 'sub'"), {
      code: 'ER_DUP_ENTRY',
      sqlState: '23000',
    });
    const sqlite = Object.assign(new Error("insert into x values ('alice') - locked"), {
      code: 'ERR_SQLITE_ERROR',
    });
    log.error({ err: duplicate });
    log.error(sqlite);
    expect(JSON.stringify(lines())).not.toContain('alice');
    expect(lines()[0]).toMatchObject({ err: { code: 'ER_DUP_ENTRY' } });
  });

  test('tokens, credentials and URL queries, wherever in a text they stand', () => {
    const { log, lines } = capture();
    log.info(`got ${TOKEN}`);
    log.info({
      note: `Authorization: Bearer s3cret.value`,
      where: `https://a.example/cb?code=s3cret`,
    });
    log.info({ deep: { list: [TOKEN, new URL('https://a.example/cb#id_token=s3cret')] } });
    log.child({ note: TOKEN }).error(new Error(`mysql://app:s3cret@db.example/pairwise ${TOKEN}`));
    const all = JSON.stringify(lines());
    expect(all).not.toMatch(/eyJ|s3cret/);
    expect(all).toContain('https://a.example/cb');
  });

  test('values under names that say they are secret', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          'access_token',
          'refreshToken',
          'client_secret',
          'Set-Cookie',
          'body',
          'localSubject',
        ),
        fc.stringMatching(/^[a-z]{12}$/),
        (name, value) => {
          const { log, lines } = capture();
          log.info({ outer: { [name]: value } });
          log.child({ [name]: { nested: value } }).warn('x');
          expect(JSON.stringify(lines())).not.toContain(value);
        },
      ),
    );
  });
});

test('anything can be logged without throwing', () => {
  const { log, lines } = capture();
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  log.info(circular);
  log.info({ n: 1n, f: () => 1, s: Symbol('x'), none: null, missing: undefined });
  fc.assert(fc.property(fc.object({ withBigInt: true, withDate: true }), (any) => log.info(any)));
  expect(lines().length).toBeGreaterThan(2);
});

/*
 * Attack: an upstream answers with a text made to keep a greedy pattern busy, and
 * the log line that mentions it stalls the process. Were the cost quadratic, these
 * would take far longer than any test may.
 */
test.each(['http://', 'a.', 'eyJ', 'Bearer ', 'x://y', 'eyJaaaaaaaaa.'])(
  'a very long text of "%s" is logged short',
  (part) => {
    const { log, lines } = capture();
    log.error({ text: part.repeat(300_000) });
    expect(String(lines()[0]?.['text']).length).toBeLessThan(3000);
  },
);
