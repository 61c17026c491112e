// The package ships no types. This declares only what the legacy provider uses.
declare module 'oidc-provider' {
  type IncomingMessage = import('node:http').IncomingMessage;
  type ServerResponse = import('node:http').ServerResponse;

  interface Client {
    readonly clientId: string;
    grantTypeAllowed(type: string): boolean;
  }

  interface Context {
    readonly oidc: {
      readonly client: Client;
      readonly account?: { readonly accountId: string };
      readonly session: { readonly accountId: string; grantIdFor(clientId: string): string };
      readonly params: { readonly scope?: string } & Readonly<Record<string, string | undefined>>;
      entity(name: string, value: unknown): void;
      readonly requestParamClaims: ReadonlySet<string>;
      readonly provider: Provider;
    };
  }

  interface Grant {
    addOIDCScope(scope: string): void;
    addOIDCClaims(claims: readonly string[]): void;
    save(): Promise<string>;
  }

  interface Token {
    readonly jti: string;
    readonly accountId: string;
    readonly clientId: string;
    readonly scope?: string;
    readonly sid?: string;
    readonly grantId?: string;
    readonly sessionUid?: string;
    readonly expiration: number;
    save(): Promise<string>;
    getValueAndPayload(): Promise<{ value: string; payload: { iat: number; exp: number } }>;
  }

  interface IdToken {
    readonly ctx: { readonly oidc: { readonly entities: { readonly AccessToken?: Token } } };
    set(claim: string, value: unknown): void;
    issue(options: { use: string }): Promise<string>;
  }

  interface Session {
    readonly uid: string;
    authorizationFor(clientId: string): { sid?: string };
    sidFor(clientId: string, value?: string): string | undefined;
  }

  interface Interaction {
    readonly uid: string;
    readonly prompt: { readonly name: string };
    readonly params: Record<string, unknown>;
    readonly session?: { readonly accountId: string };
  }

  interface Model<T> {
    readonly prototype: T;
    find(value: string, options?: object): Promise<T | undefined>;
  }

  /** What the provider refuses with; the message becomes `error_description`. */
  export const errors: Readonly<
    Record<'AccessDenied' | 'InvalidRequest' | 'InvalidTarget', new (message: string) => Error>
  >;

  export class Provider {
    constructor(issuer: string, configuration: object);
    readonly AccessToken: Model<Token> & (new (of: object) => Token);
    registerGrantType(
      name: string,
      handler: (context: Context & { body?: object }) => Promise<void>,
      parameters: readonly string[],
    ): void;
    backchannelResult(request: string, result: object, authentication?: object): Promise<void>;
    readonly RefreshToken: Model<Token> & (new (of: object) => Token);
    readonly IdToken: Model<IdToken>;
    readonly Session: Model<Session>;
    readonly Client: Model<Client & { includeSid(): boolean }>;
    readonly Grant: Model<Grant> & (new (of: { accountId: string; clientId: string }) => Grant);
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>;
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: object,
    ): Promise<void>;
    interactionResult(
      request: IncomingMessage,
      response: ServerResponse,
      result: object,
    ): Promise<string>;
    on(event: string, listener: (context: unknown, error: Error) => void): this;
  }
}
