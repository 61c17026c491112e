import { errors } from 'oidc-provider';
import type { Context, Provider } from 'oidc-provider';

import { Html, html, page } from '../pages.ts';
import type { LegacyUser } from './users.ts';

/** What the provider can do beside logins in the browser of the vendor's page. */
export interface LegacyElsewhere {
  readonly device?: boolean;
  /** CIBA by poll; the user's own device is whoever calls `decide`. */
  readonly ciba?: boolean;
  readonly tokenExchange?: boolean;
}

/** A backchannel request that waits for its user. */
export interface WaitingUser {
  readonly username: string;
  readonly bindingMessage: string | undefined;
  /** The user's answer. */
  decide(answer: 'yes' | 'no'): Promise<void>;
}

/** The provider's features for logins elsewhere. */
export function elsewhereFeatures(
  offered: LegacyElsewhere,
  users: ReadonlyMap<string, LegacyUser>,
  waiting: WaitingUser[],
): object {
  return {
    deviceFlow: {
      enabled: offered.device ?? false,
      userCodeInputSource: show('Connect a device', 'Continue'),
      userCodeConfirmSource: show('Is this your device?', 'Yes'),
      successSource: async (context: { body: string }) => {
        context.body = page('Device connected', html`<p>Back to the device.</p>`);
      },
    },
    ciba: {
      enabled: offered.ciba ?? false,
      deliveryModes: ['poll'],
      processLoginHint: async (_context: Context, hint: string) =>
        users.has(hint) ? hint : undefined,
      verifyUserCode: async () => undefined,
      validateRequestContext: async () => undefined,
      triggerAuthenticationDevice: async (context: Context, request: BackchannelRequest) => {
        waiting.push(waitingUser(context, request));
      },
    },
  };
}

interface BackchannelRequest {
  readonly jti: string;
  readonly accountId: string;
  readonly clientId: string;
  readonly scope: string;
  readonly params?: { readonly binding_message?: string };
}

function waitingUser({ oidc }: Context, request: BackchannelRequest): WaitingUser {
  const { provider } = oidc;
  const { accountId, clientId } = request;
  const { binding_message: bindingMessage } = oidc.params;
  return {
    username: accountId,
    bindingMessage,
    decide: async (answer) => {
      if (answer === 'no') {
        await provider.backchannelResult(request.jti, new errors.AccessDenied('alice said no'));
        return;
      }
      const grant = new provider.Grant({ accountId, clientId });
      grant.addOIDCScope(request.scope);
      await grant.save();
      const authTime = Math.floor(Date.now() / 1000);
      await provider.backchannelResult(request.jti, grant, {
        authTime,
        acr: 'urn:legacy:telephone',
      });
    },
  };
}

/** The form of oidc-provider in a page, with a button. */
function show(title: string, button: string) {
  return async (context: { body: string; oidc: unknown }, form: string): Promise<void> => {
    const withButton = form.includes('<button')
      ? form
      : form.replace('</form>', `<button type="submit">${button}</button></form>`);
    context.body = page(title, new Html(withButton));
  };
}

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

/**
 * Token exchange (RFC 8693), which oidc-provider lacks: another access token for
 * the same user, with an actor in the answer that names somebody.
 */
export function offerTokenExchange(provider: Provider): void {
  const parameters = [
    ...['subject_token', 'subject_token_type', 'requested_token_type'],
    ...['scope', 'resource', 'audience', 'actor_token', 'actor_token_type'],
  ];
  provider.registerGrantType(
    TOKEN_EXCHANGE,
    async (context) => {
      const { client, params } = context.oidc;
      const { subject_token: value, subject_token_type: type, scope } = params;
      const model = type === ACCESS_TOKEN ? provider.AccessToken : provider.RefreshToken;
      const subject = await model.find(String(value));
      if (subject === undefined || subject.clientId !== client.clientId) {
        throw new errors.InvalidRequest('the subject_token of nobody');
      }
      if (params['resource'] === 'https://closed.example/') {
        throw new errors.InvalidTarget('closed to alice');
      }
      const { accountId, grantId, sessionUid, sid } = subject;
      const token = new provider.AccessToken({
        ...{ client, accountId, grantId, sessionUid, sid, gty: 'token_exchange' },
        scope: scope ?? subject.scope,
      });
      context.oidc.entity('AccessToken', token);
      context.body = {
        access_token: await token.save(),
        issued_token_type: ACCESS_TOKEN,
        token_type: 'Bearer',
        expires_in: token.expiration,
        scope: token.scope,
        act: { sub: accountId },
      };
    },
    parameters,
  );
}
