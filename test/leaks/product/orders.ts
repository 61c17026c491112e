import type { InternalApi } from '../../support/internal-api.ts';
import { TELLTALE_HEADERS, json, startInternalApi } from '../../support/internal-api.ts';

/** An internal API that tells all it knows in headers, redirects and refusals, and of orders. */
export async function startOrders(): Promise<InternalApi> {
  const api = await startInternalApi();
  let order = 0;
  api.answers.set('/v1/orders', (request, response) => {
    order += 1;
    json({ order })(request, response);
  });
  api.answers.set('/v1/moved', (_request, response) => {
    response.writeHead(302, { ...TELLTALE_HEADERS, location: '/accounts/alice' }).end();
  });
  api.answers.set('/v1/mirror', (request, response) => {
    json({ you: request.headers.authorization })(request, response);
  });
  return api;
}
