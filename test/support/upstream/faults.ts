import { gzipSync } from 'node:zlib';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { jsonIn, send, withBody, withJson } from './answer.ts';
import type { Answer, UpstreamRequest } from './answer.ts';

/** The endpoints of the upstream that can be made to fail. */
export type Endpoint =
  | 'discovery'
  | 'jwks'
  | 'authorize'
  | 'token'
  | 'userinfo'
  | 'introspection'
  | 'revocation'
  | 'end_session'
  | 'device'
  | 'backchannel'
  | 'registration'
  | 'login';

/** Answers in place of the upstream, given what the upstream itself would have said. */
export type Fault = (
  response: ServerResponse,
  answer: Answer,
  request: UpstreamRequest,
) => void | Promise<void>;

interface Armed {
  readonly fault: Fault;
  remaining: number;
}

/** Which endpoints fail at the moment, and how. */
export class Faults {
  readonly #armed = new Map<Endpoint, Armed>();

  /** Makes an endpoint fail from now on, or only the next `times` times. */
  arm(endpoint: Endpoint, fault: Fault, times = Number.POSITIVE_INFINITY): void {
    this.#armed.set(endpoint, { fault, remaining: times });
  }

  /** Everything works again. */
  clear(): void {
    this.#armed.clear();
  }

  /** The fault for the next request to an endpoint, counted as used. */
  take(endpoint: Endpoint | undefined): Fault | undefined {
    if (endpoint === undefined) return undefined;
    const armed = this.#armed.get(endpoint);
    if (armed === undefined || armed.remaining < 1) return undefined;
    armed.remaining -= 1;
    return armed.fault;
  }
}

/** An answer changed by a function. */
export function altered(
  change: (answer: Answer, request: UpstreamRequest) => Answer | Promise<Answer>,
): Fault {
  return async (response, answer, request) => send(response, await change(answer, request));
}

/** A JSON answer with some members changed; `undefined` takes a member out. */
export function withMembers(members: Record<string, unknown>): Fault {
  return altered((answer) => withJson(answer, { ...jsonIn(answer), ...members }));
}

/** A bare status with a body that must not come through. */
export function status(
  code: number,
  body = `legacy failure ${code} of alice@legacy.example`,
): Fault {
  return altered((answer) => ({ ...withBody(answer, body, 'text/plain'), status: code }));
}

/** A redirect where none belongs. */
export function redirect(to: string): Fault {
  return altered((answer) => ({
    status: 302,
    headers: { ...withBody(answer, '').headers, location: to },
    body: Buffer.from(''),
  }));
}

/** The right bytes under another media type. */
export function mediaType(type: string): Fault {
  return altered((answer) => withBody(answer, answer.body, type));
}

/** A page where JSON is expected. */
export function htmlPage(): Fault {
  return altered((answer) =>
    withBody(answer, '<html><body>Welcome back, alice</body></html>', 'text/html'),
  );
}

/** JSON that is cut off although the lengths agree. */
export function brokenJson(): Fault {
  return altered((answer) => withBody(answer, answer.body.subarray(0, answer.body.length - 10)));
}

/** Fewer bytes than Content-Length says, then the connection closes. */
export function truncated(): Fault {
  return (response, answer) => {
    const body = answer.body;
    response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length });
    response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
  };
}

/** Compressed by name, but the bytes are not what the name says. */
export function badlyCompressed(
  encoding: 'gzip' | 'br' | 'deflate' | 'unheard-of' = 'gzip',
): Fault {
  return altered((answer) => ({
    ...withBody(answer, answer.body),
    headers: { ...withBody(answer, '').headers, 'content-encoding': encoding },
  }));
}

/** Really compressed with gzip, as an upstream behind a compressing proxy answers. */
export function compressed(): Fault {
  return altered((answer) => ({
    ...withBody(answer, gzipSync(answer.body)),
    headers: { ...withBody(answer, '').headers, 'content-encoding': 'gzip' },
  }));
}

/** The same JSON with so much white space that it exceeds a size, in bytes. */
export function oversized(bytes: number): Fault {
  return altered((answer) =>
    withBody(answer, Buffer.concat([answer.body, Buffer.alloc(bytes, ' ')])),
  );
}

/** A small compressed body that unpacks to so many bytes. */
export function compressionBomb(bytes: number): Fault {
  return altered((answer) => ({
    ...withBody(answer, gzipSync(Buffer.concat([answer.body, Buffer.alloc(bytes, ' ')]))),
    headers: { ...withBody(answer, '').headers, 'content-encoding': 'gzip' },
  }));
}

/** The right answer, so many milliseconds late. */
export function delayed(milliseconds: number): Fault {
  return async (response, answer) => {
    await sleep(milliseconds, undefined, { ref: false });
    if (!response.destroyed) send(response, answer);
  };
}

/** Headers at once, then one byte every so many milliseconds. */
export function trickled(milliseconds: number): Fault {
  return async (response, answer) => {
    response.writeHead(answer.status, answer.headers);
    for (const byte of answer.body) {
      if (response.destroyed) return;
      response.write(Buffer.of(byte));
      await sleep(milliseconds, undefined, { ref: false });
    }
    response.end();
  };
}

/** The connection closes without an answer. */
export function dropped(): Fault {
  return (response) => {
    response.destroy();
  };
}

/** Text that names a user, as legacy products put it into their errors. */
export const NAMING_DESCRIPTION = 'user alice (alice@legacy.example) is locked';

/** An OAuth error whose description and address name the user (token and userinfo). */
export function errorNamingTheUser(error = 'invalid_grant', code = 400): Fault {
  const body = {
    error,
    error_description: NAMING_DESCRIPTION,
    error_uri: 'https://legacy.example/users/alice/locked',
    username: 'alice',
  };
  return altered((answer) => ({ ...withJson(answer, body), status: code }));
}

/** An authorization error response whose description names the user. */
export function authorizationErrorNamingTheUser(error = 'access_denied'): Fault {
  return altered((answer, { url }) => {
    const back = new URL(url.searchParams.get('redirect_uri') ?? url.origin);
    const state = url.searchParams.get('state');
    back.searchParams.set('error', error);
    back.searchParams.set('error_description', NAMING_DESCRIPTION);
    back.searchParams.set('error_uri', 'https://legacy.example/users/alice/locked');
    back.searchParams.set('iss', url.origin + url.pathname.replace(/\/auth(\/.*)?$/, ''));
    if (state !== null) back.searchParams.set('state', state);
    return { ...withBody(answer, ''), status: 302, headers: { location: back.href } };
  });
}
