import helmet from 'helmet';

/** Nothing inline, nothing from elsewhere, in no frame; forms go back to where they came from. */
export const dashboardHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      ...{ scriptSrc: ["'self'"], styleSrc: ["'self'"], connectSrc: ["'self'"] },
      ...{ imgSrc: ["'self'"], formAction: ["'self'"] },
      ...{ frameAncestors: ["'none'"], baseUri: ["'none'"] },
    },
  },
  // Browsers name the origin of a form only where they may tell it.
  referrerPolicy: { policy: 'same-origin' },
  xFrameOptions: { action: 'deny' },
});
