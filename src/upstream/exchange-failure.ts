import { errors } from 'undici';

import { Refusal } from '../errors.ts';

/** How far an exchange had come when it failed. */
export type Stage = 'before-headers' | 'in-body';

/**
 * What a failed exchange is refused as. The detail names the error's code and
 * nothing else, and no cause is kept: a parser's error carries the bytes it choked on.
 */
export function exchangeRefusal(error: unknown, stage: Stage): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof errors.HTTPParserError) return unparseable(error);
  const code = errorCode(error);
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return new Refusal('upstream_too_large', code);
  if (code === 'UND_ERR_INVALID_ARG') return new Refusal('unexpected', `exchange: ${code}`);
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
    return new Refusal('upstream_truncated', code);
  }
  if (stage === 'in-body') return new Refusal('upstream_truncated', code);
  return new Refusal('upstream_unavailable', code);
}

/**
 * Whether the upstream may have closed a kept-alive connection at the moment at
 * which a request was sent on it (RFC 9112 9.3.1), so that no byte came back.
 */
export function isClosedConnection(error: unknown): boolean {
  return ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(errorCode(error));
}

/** The parser names its complaint only within its message. */
function unparseable({ message }: Error): Refusal {
  return message.includes('EOF')
    ? new Refusal('upstream_truncated', 'closed within the answer')
    : new Refusal('upstream_malformed', 'not HTTP/1.1');
}

function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return 'unknown';
  return typeof error.code === 'string' && /^[A-Z0-9_]{1,64}$/.test(error.code)
    ? error.code
    : 'unknown';
}
