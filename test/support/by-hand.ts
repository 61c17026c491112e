import { createHash, randomBytes } from 'node:crypto';

import { request as send } from 'undici';

import type { Browser } from './browser.ts';
import type { World } from './world.ts';
import { upstreamSecret, vendorSecret } from './world.ts';

/** An HTTP answer, its redirect not followed. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** What a vendor's server holds between the authorization response and the token request. */
export interface Begun {
  readonly callback: URL;
  readonly code: string;
  readonly state: string;
  readonly verifier: string;
}

/** Changes to what would be sent; `undefined` leaves a member out. */
export type Changes = Readonly<Record<string, string | undefined>>;

/** The members of a JSON answer. */
export function members(answer: Answer): Record<string, unknown> {
  return JSON.parse(answer.body) as Record<string, unknown>;
}

/** One member of a JSON answer, as text. */
export function member(answer: Answer, name: string): string {
  const value = members(answer)[name];
  if (typeof value !== 'string') throw new Error(`no ${name} in ${answer.status} ${answer.body}`);
  return value;
}

/** Sends one request as it is. */
export async function ask(
  address: string | URL,
  options: {
    method?: string;
    headers?: Readonly<Record<string, string>>;
    body?: string | Buffer;
  } = {},
): Promise<Answer> {
  const { method, headers, body } = options;
  const response = await send(address, {
    method: (method ?? (body === undefined ? 'GET' : 'POST')) as 'GET',
    headers: { ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const received = new Headers();
  for (const [name, value] of Object.entries(response.headers)) {
    for (const line of [value ?? []].flat()) received.append(name, line);
  }
  return { status: response.statusCode, headers: received, body: await response.body.text() };
}

/** Who a vendor is at which proxy. */
export interface Party {
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  /** Undefined: a public client. */
  readonly secret: string | undefined;
}

/** A vendor of the world, by hand. */
export function vendorByHand(world: World, id: string): VendorByHand {
  const { clientId, redirectUri } = world.vendor(id);
  const client = world.proxy.application.registry.find(clientId);
  const isPublic = client?.metadata.token_endpoint_auth_method === 'none';
  const known = client?.upstream === undefined ? upstreamSecret(id) : vendorSecret(id);
  const secret = isPublic ? undefined : known;
  return new VendorByHand({ issuer: world.proxy.issuer, clientId, redirectUri, secret });
}

/** A vendor's server played step by step, as an attacker or a clumsy programmer would. */
export class VendorByHand {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly secret: string | undefined;
  readonly #issuer: string;

  constructor(party: Party) {
    this.clientId = party.clientId;
    this.redirectUri = party.redirectUri;
    this.secret = party.secret;
    this.#issuer = party.issuer;
  }

  /** The `Authorization` header of a confidential client. */
  get basic(): string {
    return `Basic ${Buffer.from(`${this.clientId}:${this.secret ?? ''}`).toString('base64')}`;
  }

  /** An authorization request, with PKCE. */
  request(changes: Changes = {}): { url: URL; state: string; verifier: string } {
    const verifier = randomBytes(32).toString('base64url');
    const state = `state-${randomBytes(8).toString('hex')}`;
    const url = new URL(`${this.#issuer}/oidc/authorize`);
    const parameters = {
      client_id: this.clientId,
      redirect_uri: this.redirectUri,
      response_type: 'code',
      scope: 'openid profile email',
      state,
      nonce: randomBytes(8).toString('hex'),
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...changes,
    };
    url.search = formOf(parameters).toString();
    return { url, state, verifier };
  }

  /** Logs a user in, up to the authorization response, which the vendor does not see. */
  async begin(browser: Browser, username = 'alice', changes: Changes = {}): Promise<Begun> {
    const { url, state, verifier } = this.request(changes);
    const callback = await browser.login(url, { username });
    const code = callback.searchParams.get('code');
    if (code === null) throw new Error(`no code in ${callback.href}`);
    return { callback, code, state, verifier };
  }

  /** A token request with this form, authenticated in the header where the client has a secret. */
  token(form: Changes, options: { issuer?: string; authorization?: string | null } = {}) {
    const issuer = options.issuer ?? this.#issuer;
    const usual = this.secret === undefined ? null : this.basic;
    const authorization = options.authorization === undefined ? usual : options.authorization;
    const named = this.secret === undefined ? { client_id: this.clientId, ...form } : form;
    return ask(`${issuer}/oidc/token`, {
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(authorization === null ? {} : { authorization }),
      },
      body: formOf(named).toString(),
    });
  }

  /** Redeems a code. */
  redeem(
    begun: Pick<Begun, 'code' | 'verifier'>,
    changes: Changes = {},
    options: { issuer?: string; authorization?: string | null } = {},
  ): Promise<Answer> {
    return this.token(
      {
        grant_type: 'authorization_code',
        code: begun.code,
        redirect_uri: this.redirectUri,
        code_verifier: begun.verifier,
        ...changes,
      },
      options,
    );
  }

  /** Uses a refresh token. */
  refresh(refreshToken: string, options: { issuer?: string } = {}): Promise<Answer> {
    return this.token({ grant_type: 'refresh_token', refresh_token: refreshToken }, options);
  }

  /** Asks userinfo. */
  userinfo(accessToken: string, issuer = this.#issuer): Promise<Answer> {
    return ask(`${issuer}/oidc/userinfo`, { headers: { authorization: `Bearer ${accessToken}` } });
  }

  /** Logs a user in to the end. */
  async logIn(browser: Browser, username = 'alice'): Promise<Tokens> {
    const answer = await this.redeem(await this.begin(browser, username));
    return {
      accessToken: member(answer, 'access_token'),
      refreshToken: member(answer, 'refresh_token'),
      idToken: member(answer, 'id_token'),
    };
  }
}

/** What a token response held. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly idToken: string;
}

function formOf(changes: Changes): URLSearchParams {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(changes)) {
    if (value !== undefined) form.set(name, value);
  }
  return form;
}
