/*
 * Request smuggling: the proxy and the upstream share connections that are kept
 * open. Where the two disagree on where a request ends, its tail becomes the head of
 * the next one, which nobody judged, on a connection that carries another user's
 * requests as well (RFC 9112 11.2). Here bytes that servers are known to read
 * differently go to the public listener, and every byte that then reaches the upstream
 * is read by the strictest rules: one framing, one meaning.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { ask } from '../support/by-hand.ts';
import { freePort } from '../support/free-port.ts';
import { sendAndEnd } from '../support/fuzz.ts';
import { statusLines } from '../support/raw-http.ts';
import { readRequests } from '../support/read-requests.ts';
import { expectServing } from '../support/refused.ts';
import { openTcpGate } from '../support/tcp-gate.ts';
import type { TcpGate } from '../support/tcp-gate.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

let world: World;
let wire: TcpGate;
beforeAll(async () => {
  const port = await freePort();
  wire = await openTcpGate(port);
  const environment = { UPSTREAM_URL: `http://127.0.0.1:${wire.port}` };
  world = await createWorld(undefined, { upstream: { port }, environment });
});
afterAll(async () => {
  await world.close();
  await wire.close();
});

const SMUGGLED = 'POST /token HTTP/1.1\r\nhost: x\r\nx-smuggled: 1\r\ncontent-length: 0\r\n\r\n';
const LENGTH = `content-length: ${SMUGGLED.length}`;
const CHUNKED = 'transfer-encoding: chunked';
const END = '0\r\n\r\n';

/** A request that the relay would pass on, with these header lines. */
function head(...lines: string[]): string {
  const usual = ['POST /interaction/x HTTP/1.1', 'host: localhost', 'content-type: text/plain'];
  return [...usual, ...lines, '', ''].join('\r\n');
}

const size = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

it.each<[string, string]>([
  ['CL.TE: a length and chunks', head(LENGTH, CHUNKED) + END + SMUGGLED],
  ['TE.CL: chunks and a length', head(CHUNKED, 'content-length: 4') + size(SMUGGLED) + END],
  ['TE.TE: two codings', head(CHUNKED, 'transfer-encoding: cow') + END + SMUGGLED],
  ['TE.TE: chunked within a list', head('transfer-encoding: chunked, identity') + END + SMUGGLED],
  ['TE.TE: a letter more', head('transfer-encoding: xchunked', LENGTH) + SMUGGLED],
  ['TE.TE: a blank before the colon', head('transfer-encoding : chunked', LENGTH) + SMUGGLED],
  ['TE.TE: a tab before chunked', head('transfer-encoding:\tchunked', LENGTH) + END + SMUGGLED],
  ['TE.TE: a vertical tab', head('transfer-encoding:\vchunked', LENGTH) + END + SMUGGLED],
  ['TE.TE: quotes', head('transfer-encoding: "chunked"', LENGTH) + END + SMUGGLED],
  ['TE.TE: capitals', head('Transfer-Encoding: CHUNKED', LENGTH) + END + SMUGGLED],
  ['TE.TE: an underscore', head('transfer_encoding: chunked', LENGTH) + SMUGGLED],
  ['TE behind a bare carriage return', head(`x: y\r${CHUNKED}`, LENGTH) + END + SMUGGLED],
  ['TE behind a bare line feed', head(`x: y\n${CHUNKED}`, LENGTH) + END + SMUGGLED],
  ['two lengths', head('content-length: 0', LENGTH) + SMUGGLED],
  ['the same length twice', head(LENGTH, LENGTH) + SMUGGLED],
  ['a list of lengths', head(`content-length: 0, ${SMUGGLED.length}`) + SMUGGLED],
  ['a length with a sign', head(`content-length: +${SMUGGLED.length}`) + SMUGGLED],
  ['a length with a fraction', head(`content-length: ${SMUGGLED.length}.0`) + SMUGGLED],
  ['a negative length', head('content-length: -1') + SMUGGLED],
  ['a length in hex', head(`content-length: 0x${SMUGGLED.length.toString(16)}`) + SMUGGLED],
  ['a length beyond 64 bits', head('content-length: 18446744073709551616') + SMUGGLED],
  ['a length of nothing', head('content-length:') + SMUGGLED],
  ['a folded length (obs-fold)', head('content-length:', ` ${SMUGGLED.length}`) + SMUGGLED],
  ['a folded coding (obs-fold)', head('transfer-encoding:', ' chunked', LENGTH) + END + SMUGGLED],
  ['a header folded into a framing', head('x: y', ` ${CHUNKED}`, LENGTH) + END + SMUGGLED],
  ['bare line feeds alone', head(LENGTH).replaceAll('\r\n', '\n') + SMUGGLED],
  ['a chunk size with a sign', `${head(CHUNKED)}+0\r\n\r\n${SMUGGLED}`],
  ['a chunk size with 0x', `${head(CHUNKED)}0x0\r\n\r\n${SMUGGLED}`],
  ['a chunk size beyond 64 bits', `${head(CHUNKED)}10000000000000000\r\n\r\n${SMUGGLED}`],
  ['a chunk that ends with a bare line feed', `${head(CHUNKED)}0\n\n${SMUGGLED}`],
  ['a chunk longer than its size', `${head(CHUNKED)}1\r\nab\r\n${END}${SMUGGLED}`],
  ['a chunk extension', `${head(CHUNKED)}0;a=b\r\n\r\n${SMUGGLED}`],
  ['a chunk extension with a line feed', `${head(CHUNKED)}2;\nab\r\n${END}${SMUGGLED}`],
  ['a chunk extension in quotes', `${head(CHUNKED)}0;a="\r\n\r\n${SMUGGLED}"\r\n\r\n`],
  ['an overlong chunk extension', `${head(CHUNKED)}0;${'a'.repeat(40_000)}\r\n\r\n${SMUGGLED}`],
  ['many chunk extensions', head(CHUNKED) + '1;aaaaaaaa\r\na\r\n'.repeat(5000) + END + SMUGGLED],
  ['a framing among the trailers', `${head(CHUNKED)}0\r\n${LENGTH}\r\n\r\n${SMUGGLED}`],
  ['a length that Connection names', head(LENGTH, 'connection: content-length') + SMUGGLED],
  ['a coding that Connection names', head(CHUNKED, 'connection: transfer-encoding') + END],
  ['a body that waits to be asked for', head(LENGTH, 'expect: 100-continue') + SMUGGLED],
  ['another expectation', head(LENGTH, 'expect: 200-ok') + SMUGGLED],
  ['an upgrade', head('connection: upgrade', 'upgrade: h2c', LENGTH) + SMUGGLED],
  ['HTTP/1.0 with chunks', head(CHUNKED).replace('1.1', '1.0') + END + SMUGGLED],
  ['the preface of HTTP/2', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${SMUGGLED}`],
  ['a GET with a body', head(LENGTH).replace('POST', 'GET') + SMUGGLED],
  ['a GET with a line feed in its target', `GET /a\nb HTTP/1.1\r\nhost: x\r\n\r\n${SMUGGLED}`],
  ['a GET with a blank in its target', `GET /a HTTP/1.1\r\nx: y /b HTTP/1.1\r\n\r\n${SMUGGLED}`],
  ['no version', `GET /interaction/x\r\n\r\n${SMUGGLED}`],
])('%s: nothing rides along', async (_what, bytes) => {
  const already = wire.sent.length;
  const lengths = wire.sent.map(({ length }) => length);
  const received = await sendAndEnd(Number(new URL(world.proxy.issuer).port), bytes, 300);
  // The next user on the connections that are kept gets the answer to his own request.
  const next = ['/interaction/a', '/interaction/b', '/interaction/c'];
  for (const path of next) {
    expect((await ask(`${world.proxy.issuer}${path}`)).status, path).toBe(400);
  }
  await expectServing(world.proxy);
  const requests = wire.sent.flatMap((sent, n) =>
    readRequests(n < already ? sent.subarray(lengths[n]) : sent),
  );
  const foreign = requests.filter(({ method, target, headers }) => {
    const smuggled = headers.some(([name]) => name === 'x-smuggled');
    return (
      smuggled || target.startsWith('/token') || (method !== 'GET' && target !== '/interaction/x')
    );
  });
  expect(foreign, received).toEqual([]);
  expect(requests.filter(({ target }) => next.includes(target))).toHaveLength(next.length);
  // The tail was a request of its own to us too, or none at all: we closed the connection.
  const tail = statusLines(received).slice(1);
  expect(
    tail.every((status) => status >= 400),
    received,
  ).toBe(true);
});

it('connections to the upstream are kept, so that all of this had a chance', () => {
  const counts = wire.sent.map((sent) => readRequests(sent).length);
  expect(Math.max(...counts)).toBeGreaterThan(3);
});
