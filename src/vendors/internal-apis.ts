import { z } from 'zod';

/**
 * The member `internal_apis` of a client entry: the APIs of `INTERNAL_APIS` that
 * the client reaches through the proxy. Only an operator gives it.
 */
export const internalApis = z
  .array(z.string())
  .max(50)
  .superRefine((names, context) => {
    const wrong = names.find((name) => !/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/.test(name));
    if (wrong === undefined) return;
    const right = 'name an API of INTERNAL_APIS, by a-z, 0-9 and "-"';
    context.addIssue({ code: 'custom', message: 'holds no name of an API', params: { right } });
  });
