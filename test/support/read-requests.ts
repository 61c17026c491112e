/** A request as it stood on a connection. */
export interface WireRequest {
  readonly method: string;
  readonly target: string;
  /** Lower-case name and value, in their order. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/**
 * The requests that were sent over one connection, by the strictest reading of RFC
 * 9112: whatever two servers might read in two ways is an error. A request that is
 * not complete is left out.
 */
export function readRequests(bytes: Buffer): readonly WireRequest[] {
  const requests: WireRequest[] = [];
  let rest = bytes.toString('latin1');
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) return requests;
    const [line = '', ...lines] = rest.slice(0, end).split('\r\n');
    const named = /^([A-Z]+) ([\x21-\x7e]+) HTTP\/1\.1$/.exec(line);
    if (named === null) throw new Error(`no request line: ${JSON.stringify(line)}`);
    const headers = lines.map(headerOf);
    const body = bodyOf(rest.slice(end + 4), headers);
    if (body === undefined) return requests;
    requests.push({ method: named[1] ?? '', target: named[2] ?? '', headers, body: body.text });
    rest = body.rest;
  }
}

function headerOf(line: string): readonly [string, string] {
  const [, name = '', value = ''] = /^([\w-]+):[ \t]*([\x20-\x7e\x80-\xff\t]*)$/.exec(line) ?? [];
  if (name === '') throw new Error(`no header: ${JSON.stringify(line)}`);
  return [name.toLowerCase(), value];
}

function bodyOf(
  after: string,
  headers: WireRequest['headers'],
): { text: string; rest: string } | undefined {
  const framing = headers.filter(([name]) => /^(content-length|transfer-encoding)$/.test(name));
  if (framing.length > 1) throw new Error(`two framings: ${framing.join(' and ')}`);
  const [name, value = ''] = framing[0] ?? [];
  if (name === undefined) return { text: '', rest: after };
  if (name === 'transfer-encoding') {
    if (value !== 'chunked') throw new Error(`an unclear framing: ${value}`);
    return chunks(after);
  }
  if (!/^\d+$/.test(value)) throw new Error(`an unclear length: ${value}`);
  const length = Number(value);
  return after.length < length
    ? undefined
    : { text: after.slice(0, length), rest: after.slice(length) };
}

function chunks(after: string): { text: string; rest: string } | undefined {
  let rest = after;
  let text = '';
  for (;;) {
    const end = rest.indexOf('\r\n');
    if (end === -1) return undefined;
    const size = rest.slice(0, end);
    if (!/^[\da-f]+$/i.test(size)) throw new Error(`an unclear chunk: ${JSON.stringify(size)}`);
    const length = Number.parseInt(size, 16);
    const chunk = rest.slice(end + 2, end + 2 + length);
    const closing = rest.slice(end + 2 + length, end + 4 + length);
    if (closing.length < 2) return undefined;
    if (closing !== '\r\n') throw new Error('a chunk longer than its size');
    text += chunk;
    rest = rest.slice(end + 4 + length);
    if (length === 0) return { text, rest };
  }
}
