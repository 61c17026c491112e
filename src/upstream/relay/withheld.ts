import type { IncomingMessage } from 'node:http';
import { Transform, type TransformCallback } from 'node:stream';

import { Refusal } from '../../errors.ts';
import { unescapeMarkup } from './escapes.ts';

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
    if (repeats(whole.toString('latin1'), this.#token)) done(repeated());
    else done(null, whole);
  }
}

/** Refuses an answer whose head repeats the token. */
export function refuseRepeatedInHead(response: IncomingMessage, token: string): void {
  if (response.rawHeaders.some((text) => repeats(text, token))) throw repeated();
}

// A part of a token is as good as the whole: its payload names the user.
function repeats(text: string, token: string): boolean {
  const parts = token.split('.').slice(1);
  const spelled = [text, unescapeMarkup(text), decoded(text)];
  return spelled.some((one) => parts.some((part) => part !== '' && one.includes(part)));
}

function decoded(text: string): string {
  return text.replaceAll(/%[0-9a-f]{2}/gi, (octet) =>
    String.fromCharCode(Number.parseInt(octet.slice(1), 16)),
  );
}

function repeated(): Refusal {
  return new Refusal('relay_blocked', 'an answer that repeats the ID token of the upstream');
}
