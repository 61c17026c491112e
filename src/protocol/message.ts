import type { Logger } from '../observability/logger.ts';
import type { Client } from '../vendors/client.ts';

/** A request as an endpoint sees it: parsed, bounded, free of the web framework. */
export interface ProtocolRequest {
  readonly method: string;
  readonly query: URLSearchParams;
  /** The form body of a POST; empty where there was none. */
  readonly form: URLSearchParams;
  /** The request target as it came (RFC 9112 3.2), for those who pass it on. */
  readonly target: string;
  /** Reads the body of a request that is no form, whatever it is; bounded. */
  readonly payload: () => Promise<Uint8Array>;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** What limits count the sender by; of IPv6 its network. */
  readonly remoteAddress: string;
  readonly log: Logger;
  /** As its log lines carry it. */
  readonly requestId?: string;
  /** To be told which client speaks, as soon as that is known; its web origins may then read the answer. */
  readonly identified: (client: Client) => void;
  /** Gives the answer a header that it carries also where it is a refusal. */
  readonly answerHeader: (name: string, value: string) => void;
}

/** An answer as JSON. */
export interface JsonResponse {
  readonly kind: 'json';
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** What an endpoint answers. */
export type ProtocolResponse =
  | JsonResponse
  | {
      /** A signed or encrypted answer, as a media type of its own. */
      readonly kind: 'jwt';
      readonly mediaType: string;
      readonly jwt: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | {
      /** What an internal API answered. */
      readonly kind: 'passed';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer;
    }
  | {
      readonly kind: 'page';
      readonly html: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'redirect';
      readonly location: string;
      readonly headers: Readonly<Record<string, string>>;
    };

/** One endpoint of the vendor side. Failures are thrown as `Refusal`. */
export type Endpoint = (request: ProtocolRequest) => Promise<ProtocolResponse>;

/** RFC 6749 5.1: answers with tokens or personal data are never stored. */
export const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' } as const;

/** A JSON answer that nobody may keep. */
export function privateJson(body: Readonly<Record<string, unknown>>): JsonResponse {
  return { kind: 'json', status: 200, body, headers: NO_STORE };
}

/** A JSON answer that anybody may keep for some seconds. */
export function publicJson(
  body: Readonly<Record<string, unknown>>,
  maxAgeSeconds: number,
): ProtocolResponse {
  return {
    kind: 'json',
    status: 200,
    body,
    headers: { 'cache-control': `public, max-age=${maxAgeSeconds}` },
  };
}
