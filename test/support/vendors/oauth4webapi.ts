import * as oauth from 'oauth4webapi';

import type { Registration, RelyingParty, Tokens } from '../../../demo/vendor/relying-party.ts';

/** A relying party on oauth4webapi, every check that the library knows switched on. */
export async function openPlainRelyingParty(registration: Registration): Promise<RelyingParty> {
  const issuer = new URL(registration.issuer);
  const { redirectUri, scope = 'openid profile email' } = registration;
  const options = {
    // Plain http on loopback is the one way in which this is laxer than the library's default.
    [oauth.allowInsecureRequests]: issuer.protocol === 'http:',
    ...(registration.fetch ? { [oauth.customFetch]: registration.fetch as never } : {}),
  };
  const server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, options),
  );
  const client: oauth.Client = {
    client_id: registration.clientId,
    ...(registration.idTokenAlg ? { id_token_signed_response_alg: registration.idTokenAlg } : {}),
  };
  const authentication = registration.authentication ?? authenticationOf(registration);

  return {
    begin: async (parameters = {}) => {
      const codeVerifier = oauth.generateRandomCodeVerifier();
      const pending = {
        state: oauth.generateRandomState(),
        nonce: oauth.generateRandomNonce(),
        codeVerifier,
      };
      const url = new URL(server.authorization_endpoint ?? '');
      url.search = new URLSearchParams({
        client_id: client.client_id,
        response_type: 'code',
        redirect_uri: redirectUri,
        scope,
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        ...parameters,
      }).toString();
      return { url, pending };
    },
    finish: async (callback, pending) => {
      const response = await oauth.authorizationCodeGrantRequest(
        server,
        client,
        authentication,
        oauth.validateAuthResponse(server, client, callback, pending.state),
        redirectUri,
        pending.codeVerifier,
        options,
      );
      const answer = await oauth.processAuthorizationCodeResponse(server, client, response, {
        expectedNonce: pending.nonce,
        requireIdToken: true,
      });
      await oauth.validateApplicationLevelSignature(server, response, options);
      return tokensOf(answer, undefined);
    },
    refresh: async (tokens) => {
      const response = await oauth.refreshTokenGrantRequest(
        server,
        client,
        authentication,
        tokens.refreshToken ?? '',
        options,
      );
      const answer = await oauth.processRefreshTokenResponse(server, client, response);
      if (answer.id_token) await oauth.validateApplicationLevelSignature(server, response, options);
      return tokensOf(answer, tokens);
    },
    userinfo: async (tokens) =>
      oauth.processUserInfoResponse(
        server,
        client,
        String(tokens.claims['sub']),
        await oauth.userInfoRequest(server, client, tokens.accessToken, options),
      ),
  };
}

function authenticationOf({ clientSecret, authMethod }: Registration): oauth.ClientAuth {
  if (clientSecret === undefined) return oauth.None();
  return authMethod === 'client_secret_basic'
    ? oauth.ClientSecretBasic(clientSecret)
    : oauth.ClientSecretPost(clientSecret);
}

function tokensOf(answer: oauth.TokenEndpointResponse, before: Tokens | undefined): Tokens {
  const claims = oauth.getValidatedIdTokenClaims(answer) ?? before?.claims;
  const idToken = answer.id_token ?? before?.idToken;
  if (claims === undefined || idToken === undefined) throw new Error('there is no ID token');
  return {
    claims: { ...claims },
    idToken,
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? before?.refreshToken,
  };
}
