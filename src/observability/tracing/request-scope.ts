import { AsyncLocalStorage } from 'node:async_hooks';

import type { RequestIdentity } from '../request-id.ts';

const scope = new AsyncLocalStorage<RequestIdentity>();

/** Runs what a request asks for, so that whatever it asks of others carries its name. */
export function inRequest<T>(identity: RequestIdentity, work: () => T): T {
  return scope.run(identity, work);
}

/** The request that this is done for; undefined outside of one. */
export function currentRequest(): RequestIdentity | undefined {
  return scope.getStore();
}
