import type { Config } from '../config/types.ts';
import { failureText, get } from './fetching.ts';
import { ok, problem, warning, type Finding } from './finding.ts';

const TIMEOUT = 5000;

/** Whether `ISSUER` leads to a proxy with this configuration, as seen from here. */
export async function issuerFinding({ issuer, upstream }: Config): Promise<Finding> {
  const url = new URL(`${issuer}/.well-known/openid-configuration`);
  try {
    const { status, body } = await get(url, { timeout: TIMEOUT });
    const document: unknown = status === 200 ? JSON.parse(body) : undefined;
    const named = (name: string): unknown =>
      typeof document === 'object' && document !== null ? Reflect.get(document, name) : undefined;
    if (named('issuer') === issuer && named('token_endpoint') === `${issuer}/oidc/token`) {
      return ok('issuer', `${issuer} leads to a proxy that calls itself so.`);
    }
    if (issuer === upstream.issuer && named('issuer') === issuer) {
      const hint = 'Vendors reach the proxy once the name leads to it.';
      return warning('issuer', `${issuer} leads to the upstream still.`, hint);
    }
    const message = `Something else answers at ${url.href} (status ${status}).`;
    return problem('issuer', message, 'Let ISSUER lead to PUBLIC_LISTEN, path and all.');
  } catch (error) {
    const message = `Nothing usable answers at ${url.href}: ${failureText(error)}.`;
    const hint = 'That is as it should be while `serve` is not running, or not seen from here.';
    return warning('issuer', message, hint);
  }
}
