import { createHash } from 'node:crypto';

import { SignJWT, decodeJwt } from 'jose';
import type { JWK } from 'jose';
import type { Model, Provider, Token } from 'oidc-provider';

import type { LegacyUser } from './users.ts';
import { emailOf } from './users.ts';

/** What the provider's tokens are: readable JWTs, or random values. */
export interface LegacyTokens {
  readonly access: 'jwt' | 'opaque';
  readonly refresh: 'jwt' | 'opaque';
  /** Characters that readable tokens carry beside, as where a directory's groups are listed. */
  readonly ballast?: number;
}

const READABLE_ACCESS: LegacyTokens = { access: 'jwt', refresh: 'opaque' };

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
  tokens: LegacyTokens = READABLE_ACCESS,
): void {
  const issued = new WeakMap<object, string>();

  const makeReadable = (model: Model<Token>, typ: string): void => {
    const opaque = model.prototype.getValueAndPayload;
    model.prototype.getValueAndPayload = async function () {
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
        ...(tokens.ballast === undefined
          ? {}
          : { groups: 'legacy-group '.repeat(tokens.ballast / 13) }),
      })
        .setProtectedHeader({ alg: 'RS256', typ, kid: key.kid })
        .sign(key);
      issued.set(this, value);
      return { value, payload };
    };
    const find = model.find.bind(model);
    model.find = async (value, options) => find(identifierIn(value), options);
  };
  if (tokens.access === 'jwt') makeReadable(provider.AccessToken, 'at+jwt');
  if (tokens.refresh === 'jwt') makeReadable(provider.RefreshToken, 'JWT');

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
