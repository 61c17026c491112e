import type { Endpoint } from '../protocol/message.ts';
import type { Registry } from '../vendors/registry.ts';

/** Design section 4: without the database an answer goes on for `MAX_STALENESS`, then 503. */
export function whileFresh(registry: Registry, endpoint: Endpoint): Endpoint {
  return (request) => {
    registry.requireFresh();
    return endpoint(request);
  };
}
