// The packages ship no types. This declares only what the vendor uses.
declare module 'passport' {
  type RequestHandler = import('express').RequestHandler;
  class Authenticator {
    use(name: string, strategy: object): this;
    initialize(): RequestHandler;
    authenticate(name: string, options: { session: boolean }): RequestHandler;
  }
  const passport: { readonly Passport: typeof Authenticator };
  export default passport;
}

declare module 'passport-openidconnect' {
  interface StrategyConstructor {
    new (
      options: Readonly<Record<string, unknown>>,
      verify: (
        issuer: string,
        profile: { readonly id: string },
        done: (error: unknown, user: unknown) => void,
      ) => void,
    ): object;
  }
  const passportOpenidConnect: { readonly Strategy: StrategyConstructor };
  export default passportOpenidConnect;
}

declare module 'express-session' {
  export default function session(options: {
    readonly secret: string;
    readonly resave: boolean;
    readonly saveUninitialized: boolean;
  }): import('express').RequestHandler;
}
