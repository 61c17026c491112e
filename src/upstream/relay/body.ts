import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, type Readable, type Transform } from 'node:stream';
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from 'node:zlib';

import { Refusal } from '../../errors.ts';
import { HtmlGuard, type GuardRules } from './html-guard.ts';
import { essence, isAsciiCompatible, treatmentOf } from './media-types.ts';
import { TextRewriter } from './text-rewriter.ts';
import { Withholding } from './withheld.ts';

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/**
 * The upstream's body as the browser shall get it: binary types untouched, text
 * decoded and rewritten, pages guarded too. Nothing is buffered beyond a word or a tag,
 * unless there is a secret that must not come back.
 *
 * Errors, at once: `upstream_encoding`, `upstream_media_type`; while streaming: those of the transforms.
 */
export function relayedBody(
  response: IncomingMessage,
  page: URL,
  rules: GuardRules,
  secret: string | undefined,
): Readable {
  const type = response.headers['content-type'];
  const treatment = treatmentOf(type);
  if (essence(type)?.startsWith('multipart/') === true) {
    throw new Refusal('upstream_media_type', 'an answer of many parts');
  }
  if (treatment === 'binary' && secret === undefined) return response;
  if (treatment === 'binary') throw new Refusal('relay_blocked', 'an answer that cannot be read');
  if (!isAsciiCompatible(type)) {
    throw new Refusal('upstream_encoding', 'text in a charset that cannot be searched');
  }
  const stages: Transform[] = decoding(response);
  if (secret !== undefined) stages.push(new Withholding(secret));
  stages.push(new TextRewriter(rules.text));
  if (treatment === 'html') stages.push(new HtmlGuard(page, rules));
  // Errors reach the reader of the last stage.
  return pipeline([response, ...stages], () => {}) as unknown as Readable;
}

/**
 * Sends a body at the browser's pace. The head goes out with the first octets, so
 * that a body which fails at once can still be answered with an error.
 */
export async function send(body: Readable, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  for await (const chunk of body) {
    if (gone.signal.aborted) return;
    if (!response.write(chunk)) await once(response, 'drain', { signal: gone.signal });
  }
  response.end();
}

function decoding(response: IncomingMessage): Transform[] {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') return [];
  const decoder = DECODERS[encoding];
  if (decoder === undefined) {
    throw new Refusal('upstream_encoding', 'text in an encoding that cannot be decoded');
  }
  return [decoder()];
}
