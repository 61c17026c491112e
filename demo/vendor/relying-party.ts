import * as client from 'openid-client';

/** How a vendor is known to its provider. */
export interface Registration {
  readonly issuer: string;
  readonly clientId: string;
  /** Absent: a public client. */
  readonly clientSecret?: string;
  readonly authMethod?: 'client_secret_basic' | 'client_secret_post';
  /** Another method, as the libraries make it; `clientSecret` is not looked at then. */
  readonly authentication?: client.ClientAuth;
  readonly redirectUri: string;
  /** Default: `openid profile email`. */
  readonly scope?: string;
  /** Default: RS256. */
  readonly idTokenAlg?: string;
  /** Everything that the vendor's server asks of its provider goes through this. */
  readonly fetch?: typeof fetch;
}

/** What a vendor remembers between the login link and the callback. */
export interface Pending {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** What a vendor has of a user. */
export interface Tokens {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly idToken: string;
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
}

/** The flows of a vendor, whichever library runs them. */
export interface RelyingParty {
  /** Begins a login; `parameters` are added to the authorization request. */
  begin(parameters?: Readonly<Record<string, string>>): Promise<{ url: URL; pending: Pending }>;
  /** Redeems the code of an authorization response. */
  finish(callback: URL, pending: Pending): Promise<Tokens>;
  refresh(tokens: Tokens): Promise<Tokens>;
  userinfo(tokens: Tokens): Promise<Readonly<Record<string, unknown>>>;
}

/**
 * A relying party on openid-client in its default strictness, and with the
 * signature of ID tokens checked against the provider's keys on top.
 */
export async function openRelyingParty(registration: Registration): Promise<RelyingParty> {
  const config = await discover(registration);
  const { redirectUri, scope = 'openid profile email' } = registration;

  return {
    begin: async (parameters = {}) => {
      const codeVerifier = client.randomPKCECodeVerifier();
      const pending = {
        state: client.randomState(),
        nonce: client.randomNonce(),
        codeVerifier,
      };
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope,
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        ...parameters,
      });
      return { url, pending };
    },
    finish: async (callback, pending) => {
      const answer = await client.authorizationCodeGrant(config, callback, {
        expectedState: pending.state,
        expectedNonce: pending.nonce,
        pkceCodeVerifier: pending.codeVerifier,
        idTokenExpected: true,
      });
      return tokensOf(answer, undefined);
    },
    refresh: async (tokens) => {
      if (tokens.refreshToken === undefined) throw new Error('there is no refresh token');
      return tokensOf(await client.refreshTokenGrant(config, tokens.refreshToken), tokens);
    },
    userinfo: async (tokens) =>
      client.fetchUserInfo(config, tokens.accessToken, String(tokens.claims['sub'])),
  };
}

async function discover(registration: Registration): Promise<client.Configuration> {
  const { clientId, clientSecret, authMethod, idTokenAlg } = registration;
  const issuer = new URL(registration.issuer);
  const execute = [client.enableNonRepudiationChecks];
  // Plain http on loopback is the one way in which this is laxer than the library's default.
  if (issuer.protocol === 'http:') execute.push(client.allowInsecureRequests);
  const metadata = idTokenAlg === undefined ? {} : { id_token_signed_response_alg: idTokenAlg };
  return client.discovery(
    issuer,
    clientId,
    metadata,
    registration.authentication ?? authenticationOf(clientSecret, authMethod),
    registration.fetch
      ? { execute, [client.customFetch]: registration.fetch as client.CustomFetch }
      : { execute },
  );
}

function authenticationOf(
  clientSecret: string | undefined,
  method: Registration['authMethod'],
): client.ClientAuth {
  if (clientSecret === undefined) return client.None();
  return method === 'client_secret_basic'
    ? client.ClientSecretBasic(clientSecret)
    : client.ClientSecretPost(clientSecret);
}

type Answer = Awaited<ReturnType<typeof client.refreshTokenGrant>>;

/** A refresh answer may leave out what has not changed (OpenID Connect Core 12.2). */
function tokensOf(answer: Answer, before: Tokens | undefined): Tokens {
  const claims = answer.claims() ?? before?.claims;
  const idToken = answer.id_token ?? before?.idToken;
  if (claims === undefined || idToken === undefined) throw new Error('there is no ID token');
  return {
    claims,
    idToken,
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? before?.refreshToken,
  };
}
