import { connect } from 'node:net';

/** Numbers from 0 to below `below`, the same for the same seed. */
export type Random = (below: number) => number;

/** Milliseconds after which a connection that is still open hangs. */
const HUNG = 20_000;

/** A generator that repeats itself for a seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** A request that a parser would take, in the parts that are changed each for itself. */
export interface Template {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: string;
}

/** Stands in no answer's head unless a request put it there. */
export const INJECTED = 'x-injected';

/** Pieces that have meant something to some parser. */
const PIECES = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\0',
    '\t',
    ' ',
    '\r\n\r\n',
    '\n\n',
    '%0d%0a',
    '%00',
    '%',
    '%%',
    '%u0000',
  ],
  ...[`\r\n${INJECTED}: 1\r\n`, `%0d%0a${INJECTED}:%201`, `%E5%98%8A%E5%98%8D${INJECTED}:1`],
  ...['../', '..%2f', '%2e%2e/', '//', '\\', '/./', ';a=b', '/%74oken', '/token', '/me', '?', '#'],
  ...['&', '=', '&&', '+', '&client_id=bolt-web', '&redirect_uri=https://attacker.example', ','],
  ...['transfer-encoding: chunked\r\n', 'content-length: 0\r\n', 'expect: 100-continue\r\n'],
  ...['connection: upgrade\r\nupgrade: websocket\r\n', 'content-encoding: gzip\r\n', 'HTTP/1.0'],
  ...['"', "'", '<', '>', '<!--', '<script>', '</', '{{', '${', '`', '|', '(', '*', '[]', '{}'],
  ...['{"a":'.repeat(50), '['.repeat(500), '__proto__', 'constructor', '{"__proto__":{"a":1}}'],
  ...[
    'null',
    'true',
    '-1',
    '0',
    '1e999',
    '9'.repeat(30),
    'NaN',
    '\xff',
    '\xc3\x28',
    '\xed\xa0\x80',
  ],
  ...[
    'eyJhbGciOiJub25lIn0',
    'eyJhbGciOiJub25lIn0.e30.',
    '.',
    '..',
    '....',
    'A'.repeat(3000),
    '%c3',
  ],
  ...['Basic Og==', 'Basic ', 'Bearer ', 'DPoP ', 'PUT', 'OPTIONS', 'HEAD', 'CONNECT', 'TRACE'],
] as const;

/** The same bytes with a few of them flipped, left out, repeated, exchanged or added to. */
function mangled(text: string, random: Random): string {
  let bytes = text;
  for (let changes = 1 + random(4); changes > 0; changes -= 1) {
    const at = random(bytes.length + 1);
    const length = 1 + random(random(4) === 0 ? 200 : 4);
    const before = bytes.slice(0, at);
    const piece = PIECES[random(PIECES.length)] ?? '';
    const after = bytes.slice(at + length);
    switch (random(7)) {
      case 0: {
        const flipped = (bytes.charCodeAt(at) || 0) ^ (1 << random(8));
        bytes = `${before}${String.fromCharCode(flipped & 255)}${bytes.slice(at + 1)}`;
        break;
      }
      case 1:
        bytes = before + after;
        break;
      case 2:
        bytes = before + bytes.slice(at, at + length).repeat(2) + after;
        break;
      case 3:
        bytes = before;
        break;
      case 4:
        bytes = before + String.fromCharCode(random(256)) + bytes.slice(at);
        break;
      default:
        bytes = before + piece + bytes.slice(at);
    }
  }
  return bytes;
}

/** The bytes of a template with one part or the whole mangled, from that address. */
export function fuzzedRequest(
  templates: readonly Template[],
  random: Random,
  address: string,
): string {
  const template = templates[random(templates.length)];
  if (template === undefined) throw new Error('no templates');
  const { method, target, body } = template;
  const headers = [...template.headers, `x-forwarded-for: ${address}`];
  switch (random(4)) {
    case 0:
      return bytesOf(method, printable(mangled(target, random)), headers, body);
    case 1:
      // What follows still reaches whatever reads the body.
      return bytesOf(method, target, headers, mangled(body, random));
    case 2: {
      const at = random(headers.length);
      headers[at] = mangled(headers[at] ?? '', random);
      return bytesOf(method, target, headers, body);
    }
    default:
      return mangled(bytesOf(method, target, headers, body), random);
  }
}

/** As a client that knows HTTP would have to spell it, so that more gets past the HTTP parser. */
function printable(target: string): string {
  return target.replaceAll(/[^\x21-\x7e]/g, (each) => encodeURIComponent(each));
}

function bytesOf(method: string, target: string, headers: readonly string[], body: string): string {
  const length = body === '' ? [] : [`content-length: ${Buffer.byteLength(body, 'latin1')}`];
  return [`${method} ${target} HTTP/1.1`, ...headers, ...length, '', body].join('\r\n');
}

/**
 * Sends bytes and yields all that comes back. Our end of the connection follows
 * with the first answer, or after some silence: what is not complete would wait, and a
 * browser that leaves ends a relayed request. Fails when the other side has not ended
 * the connection in time.
 */
export function sendAndEnd(port: number, bytes: string, silence = 20): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(port, '127.0.0.1');
  let received = '';
  const silent = setTimeout(() => socket.end(), silence);
  const hung = setTimeout(() => {
    socket.destroy();
    reject(new Error(`no end of the connection within ${HUNG} ms`));
  }, HUNG);
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    received += chunk;
    if (!received.startsWith('HTTP/1.1 100')) socket.end();
  });
  // The other side may close before it has read everything.
  socket.on('error', () => {});
  socket.on('close', () => {
    clearTimeout(silent);
    clearTimeout(hung);
    resolve(received);
  });
  socket.write(bytes, 'latin1');
  return promise;
}
