import { randomUUID } from 'node:crypto';

/** How a request is named in logs and in what we send upstream. */
export interface RequestIdentity {
  readonly requestId: string;
  /** W3C Trace Context 3.2; kept as it came when it is well formed. */
  readonly traceparent: string | undefined;
}

const REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/;
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * Names a request. `offered` is what a *trusted* proxy sent as `X-Request-Id` and
 * `traceparent`; pass nothing for anybody else, so that a vendor can neither
 * forge log lines nor mark a user's requests. An ill-formed value is replaced.
 */
export function identifyRequest(offered: {
  readonly requestId?: string | undefined;
  readonly traceparent?: string | undefined;
}): RequestIdentity {
  const { requestId, traceparent } = offered;
  return {
    requestId: requestId !== undefined && REQUEST_ID.test(requestId) ? requestId : randomUUID(),
    traceparent:
      traceparent !== undefined && TRACEPARENT.test(traceparent) ? traceparent : undefined,
  };
}
