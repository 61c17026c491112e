import type { IncomingMessage } from 'node:http';
import { Transform, type TransformCallback } from 'node:stream';

import { Refusal } from '../../errors.ts';
import { repeatsToken } from '../repeated-token.ts';

/** What an upstream may say around a token before we give up looking, in octets. */
const LARGEST_ANSWER = 1024 * 1024;

/**
 * Lets an answer through only when it is known not to repeat a token that we put
 * into the request. Such answers are short, so it waits for the end.
 *
 * Errors: `relay_blocked` where the token is repeated, `upstream_too_large`.
 */
export class Withholding extends Transform {
  readonly #token: string;
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(token: string) {
    super();
    this.#token = token;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length <= LARGEST_ANSWER) done();
    else done(new Refusal('upstream_too_large', 'an answer that must be looked at whole'));
  }

  override _flush(done: TransformCallback): void {
    const whole = Buffer.concat(this.#chunks);
    if (repeatsToken(whole, this.#token)) done(repeated());
    else done(null, whole);
  }
}

/** Refuses an answer whose head repeats the token. */
export function refuseRepeatedInHead(response: IncomingMessage, token: string): void {
  if (response.rawHeaders.some((text) => repeatsToken(text, token))) throw repeated();
}

function repeated(): Refusal {
  return new Refusal('relay_blocked', 'an answer that repeats the ID token of the upstream');
}
