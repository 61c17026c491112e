import { Refusal } from '../errors.ts';
import type { Exchange, UpstreamResponse } from '../upstream/exchange.ts';
import { jsonObject } from '../upstream/json.ts';

/** Where a receiver takes events, and what it wants to hear first. */
export interface EventReceiver {
  readonly url: URL;
  /** The whole `Authorization` header. */
  readonly authorization: string | undefined;
  /** Whether plain http will do: within one machine. */
  readonly mayBePlain: boolean;
}

/**
 * What became of an attempt. `refused`: the receiver looked at the event and does not want
 * it; `failed`: nobody knows. `why` holds no word of the receiver's but its error code.
 */
export type PushOutcome =
  { readonly kind: 'delivered' } | { readonly kind: 'refused' | 'failed'; readonly why: string };

/** Pushes a Security Event Token to a receiver (RFC 8935 2). Never throws for what it does. */
export async function pushSecurityEvent(
  exchange: Exchange,
  { url, authorization, mayBePlain }: EventReceiver,
  token: string,
): Promise<PushOutcome> {
  if (url.protocol !== 'https:' && !mayBePlain) return { kind: 'failed', why: 'not https' };
  try {
    const response = await exchange({
      ...{ method: 'POST', url, accept: ['application/json'] },
      octets: Buffer.from(token),
      headers: {
        'content-type': 'application/secevent+jwt',
        ...(authorization !== undefined && { authorization }),
      },
    });
    return outcomeOf(response);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { kind: 'failed', why: error.detail === ADDRESS_REFUSED ? NOT_PUBLIC : error.reason };
  }
}

/** What the guard of the connection says. */
const ADDRESS_REFUSED = 'ADDRESS_REFUSED';
const NOT_PUBLIC = 'the address is not public';

function outcomeOf(response: UpstreamResponse): PushOutcome {
  const { status } = response;
  // RFC 8935 2.2 says 202; whoever says 200 or 204 means the same.
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status !== 400) return { kind: 'failed', why: `status ${status}` };
  const code = errorCode(response);
  return { kind: 'refused', why: code === undefined ? 'status 400' : `status 400: ${code}` };
}

/** RFC 8935 2.3: the member `err`, where it is a code and no sentence. */
function errorCode(response: UpstreamResponse): string | undefined {
  try {
    const { err } = jsonObject(response);
    return typeof err === 'string' && /^[a-z_]{1,40}$/.test(err) ? err : undefined;
  } catch {
    return undefined;
  }
}
