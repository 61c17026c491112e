import type { Request } from 'express';

import { Refusal } from '../../errors.ts';
import { authorizationPlace, canonicalPath, isAt, isClosed, isWithin } from './paths.ts';
import type { RelayPolicy, RelayUpstream } from './policy.ts';
import { readRequestBody, refuseCredentials, refuseJsonCredentials } from './request-body.ts';
import type { RequestBody } from './request-body.ts';
import type { Site } from './site.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
const AUTHORIZATION_REQUEST = ['client_id', 'response_type', 'request', 'request_uri'];

/** A request that may go upstream. */
export interface AdmittedRequest {
  /** Path and query as the upstream gets them. */
  readonly address: string;
  readonly body: RequestBody;
  /** What was added and must not come back. */
  readonly secret?: string;
}

/**
 * Judges a request of a browser, in this order: method, upgrade, credentials,
 * address, body, and on the authorize address the transaction.
 *
 * Errors: `method_not_allowed`, `relay_refused`, `not_found`, and those of the body.
 */
export async function admit(
  request: Request,
  site: Site,
  upstream: RelayUpstream,
  relayPaths: readonly string[],
  policy: RelayPolicy,
): Promise<AdmittedRequest> {
  refuseByHeaders(request);
  const { path, query } = addressUnder(request.originalUrl, site.ours.prefix);
  const canonical = canonicalPath(path);
  if (canonical === undefined) throw new Refusal('relay_refused', 'an ambiguous path');
  if (isClosed(canonical, upstream.backChannelPaths)) throw new Refusal('not_found', 'closed');
  const place = authorizationPlace(canonical, upstream.authorizationPath);
  const { endSessionPath } = upstream;
  const logsOut = endSessionPath !== undefined && isAt(canonical, endSessionPath);
  if (place === 'elsewhere' && !logsOut && !isWithin(canonical, relayPaths)) {
    throw new Refusal('not_found', 'outside RELAY_PATHS');
  }
  const parameters = new URLSearchParams(query);
  refuseCredentials(parameters);
  const body = inspected(await readRequestBody(request));
  const asks = place === 'at' || (place === 'below' && asksForAuthorization(parameters, body));
  if (!asks) {
    const turned = query === '' ? '' : `?${site.inward.turn(query)}`;
    const admitted = { address: path + turned, body: turnedInward(body, site) };
    return logsOut ? withLogoutHint(admitted, policy) : admitted;
  }
  // Byte for byte as we made it, or not at all.
  await admitAuthorization(request, query, parameters, body, policy);
  return { address: query === '' ? path : `${path}?${query}`, body };
}

function refuseByHeaders(request: Request): void {
  if (!METHODS.has(request.method)) throw new Refusal('method_not_allowed', request.method);
  const { headers } = request;
  if (headers.upgrade !== undefined) throw new Refusal('relay_refused', 'an upgrade');
  if (headers.authorization !== undefined || headers['proxy-authorization'] !== undefined) {
    throw new Refusal('relay_refused', 'an Authorization header');
  }
  // It would outlive the login and stand between the browser and our own addresses.
  if (headers['service-worker'] !== undefined) {
    throw new Refusal('relay_refused', 'a service worker');
  }
}

function addressUnder(target: string, prefix: string): { path: string; query: string } {
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? '' : target.slice(mark + 1);
  if (!path.startsWith('/')) throw new Refusal('relay_refused', 'not a path');
  if (!`${path}/`.startsWith(`${prefix}/`)) throw new Refusal('not_found', 'outside the issuer');
  return { path: path.slice(prefix.length) || '/', query };
}

function inspected(body: RequestBody): RequestBody {
  if (body.kind === 'form') refuseCredentials(new URLSearchParams(body.text));
  if (body.kind === 'json') refuseJsonCredentials(body.text);
  return body;
}

function turnedInward(body: RequestBody, site: Site): RequestBody {
  if (body.kind !== 'form' && body.kind !== 'json') return body;
  return { kind: body.kind, text: site.inward.turn(body.text) };
}

/** The upstream's own ID token, where its logout page wants to see one (design section 5). */
async function withLogoutHint(
  admitted: AdmittedRequest,
  policy: RelayPolicy,
): Promise<AdmittedRequest> {
  const { address, body } = admitted;
  const mark = address.indexOf('?');
  if (mark === -1 || body.kind !== 'none') return admitted;
  const secret = await policy.logoutHint(new URLSearchParams(address.slice(mark + 1)));
  if (secret === undefined) return admitted;
  return { address: `${address}&id_token_hint=${encodeURIComponent(secret)}`, body, secret };
}

function asksForAuthorization(query: URLSearchParams, body: RequestBody): boolean {
  const form = new URLSearchParams(body.kind === 'form' ? body.text : '');
  return AUTHORIZATION_REQUEST.some((name) => query.has(name) || form.has(name));
}

async function admitAuthorization(
  request: Request,
  query: string,
  parameters: URLSearchParams,
  body: RequestBody,
  policy: RelayPolicy,
): Promise<void> {
  if (!['GET', 'HEAD', 'POST'].includes(request.method)) {
    throw new Refusal('method_not_allowed', request.method);
  }
  if (body.kind === 'json' || body.kind === 'stream') throw new Refusal('body_type');
  const merged = new URLSearchParams(parameters);
  const form = body.kind === 'form' ? body.text : '';
  for (const [name, value] of new URLSearchParams(form)) merged.append(name, value);
  // Servers disagree on duplicates and on `;` as a separator (RFC 6749 3.1). A `resource` may stand
  // more than once (RFC 8707 2); whether they are those of the transaction, the policy judges.
  const names = [...merged.keys()].filter((name) => name !== 'resource');
  if (new Set(names).size !== names.length) throw new Refusal('parameter_duplicated');
  if (`${query}${form}`.includes(';')) throw new Refusal('relay_refused', 'a ; in the query');
  if (!(await policy.admitsAuthorization(merged, request.headers.cookie))) {
    throw new Refusal('relay_refused', 'an authorization request that is not ours');
  }
}
