import helmet from 'helmet';

/** For our own answers, which are JSON, redirects, and error pages without any content of others. */
export const securityHeaders = helmet({
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
