import { createHash } from 'node:crypto';

import { SignJWT, decodeJwt } from 'jose';
import type { JWK } from 'jose';
import type { Provider } from 'oidc-provider';

import type { LegacyUser } from './users.ts';
import { emailOf } from './users.ts';

/**
 * Makes the provider's tokens as talkative as those of the products it stands
 * for: every access token is a JWT that names the user and still opens userinfo
 * (oidc-provider itself refuses structured tokens there), one `sid` serves all
 * clients of a session, and ID tokens carry `sid` and `at_hash`.
 */
export function makeTokensTalkative(
  provider: Provider,
  issuer: string,
  users: ReadonlyMap<string, LegacyUser>,
  key: JWK & { kid: string },
): void {
  const issued = new WeakMap<object, string>();

  const accessToken = provider.AccessToken;
  const opaque = accessToken.prototype.getValueAndPayload;
  accessToken.prototype.getValueAndPayload = async function () {
    const { payload } = await opaque.call(this);
    const user = users.get(this.accountId);
    const value = await new SignJWT({
      sub: this.accountId,
      ...(user ? { username: user.username, email: emailOf(user) } : {}),
      jti: this.jti,
      client_id: this.clientId,
      azp: this.clientId,
      scope: this.scope,
      sid: this.sid,
      aud: [`${issuer}/me`],
      iss: issuer,
      iat: payload.iat,
      exp: payload.exp,
    })
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: key.kid })
      .sign(key);
    issued.set(this, value);
    return { value, payload };
  };
  const find = accessToken.find.bind(accessToken);
  accessToken.find = async (value, options) => find(identifierIn(value), options);

  const idToken = provider.IdToken.prototype;
  const issue = idToken.issue;
  idToken.issue = async function (options) {
    const token = this.ctx?.oidc.entities.AccessToken;
    const value = token && issued.get(token);
    if (options.use === 'idtoken' && value) this.set('at_hash', value);
    return issue.call(this, options);
  };

  provider.Client.prototype.includeSid = () => true;
  provider.Session.prototype.sidFor = function (clientId, value) {
    const sid = `legacy-session-${createHash('sha256').update(this.uid).digest('hex').slice(0, 24)}`;
    if (value !== undefined) this.authorizationFor(clientId).sid = sid;
    return value === undefined ? sid : undefined;
  };
}

function identifierIn(value: string): string {
  try {
    return decodeJwt(value).jti ?? value;
  } catch {
    return value;
  }
}
