import type { ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import helmet from 'helmet';

const headers = helmet({
  // It would cut a login in a window of its own off from the page that opened it, also on redirects.
  crossOriginOpenerPolicy: false,
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ["'none'"],
      'frame-ancestors': ["'none'"],
      'base-uri': ["'none'"],
    },
  },
});

/** What helmet says, which is the same for every answer, so that it is asked only once. */
const SAID = saidBy(headers);

/** For our own answers, which are JSON, redirects, and error pages without any content of others. */
export const securityHeaders: RequestHandler = (_request, response, next) => {
  for (const [name, value] of SAID) response.setHeader(name, value);
  next();
};

function saidBy(middleware: ReturnType<typeof helmet>): ReadonlyMap<string, string> {
  const said = new Map<string, string>();
  const response = {
    setHeader: (name: string, value: string) => said.set(name, value),
    removeHeader: (name: string) => said.delete(name),
  };
  middleware({} as never, response as unknown as ServerResponse, (error) => {
    if (error !== undefined) throw new Error('helmet has no headers', { cause: error });
  });
  return said;
}
