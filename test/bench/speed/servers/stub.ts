import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';

/**
 * An upstream that only looks up: every token is signed before the load begins.
 * `answers` is a file of lines `[key, body]`; the key is a path, or what the request presents.
 */
const { port, answers } = JSON.parse(readFileSync(0, 'utf8')) as { port: number; answers: string };

interface Answer {
  readonly type: string;
  readonly body: Buffer;
}

const known = new Map<string, Answer>();
for (const line of readFileSync(answers, 'utf8').split('\n')) {
  if (line === '') continue;
  const [key, body, type = 'application/json'] = JSON.parse(line) as [string, string, string?];
  known.set(key, { type, body: Buffer.from(body) });
}

const server = createServer((request, response) => {
  const { url = '/', headers } = request;
  if (url === '/token') {
    let body = '';
    request.setEncoding('latin1').on('data', (text: string) => (body += text));
    request.on('end', () => answer(response, /(?:refresh_token|code)=([\w.-]+)/.exec(body)?.[1]));
  } else if (url === '/userinfo') {
    answer(response, headers.authorization?.slice('Bearer '.length));
  } else answer(response, url);
});

function answer(response: ServerResponse, key: string | undefined): void {
  const found = key === undefined ? undefined : known.get(key);
  if (found === undefined) {
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end('{"error":"invalid_grant"}');
    return;
  }
  const { type, body } = found;
  response.writeHead(200, {
    ...{ 'content-type': type, 'content-length': body.length },
    'cache-control': 'no-store',
  });
  response.end(body);
}

server.listen(port, '127.0.0.1', 1024);
