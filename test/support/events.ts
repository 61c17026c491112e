import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';

import type { OperationContext } from '../../src/operations/context.ts';
import { rotateSubject } from '../../src/operations/rotate-subject.ts';
import type { RotatedSubject } from '../../src/operations/rotate-subject.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { Browser } from './browser.ts';
import type { TestProxy } from './proxy.ts';
import { vendorSecret } from './world.ts';
import type { World } from './world.ts';

export const IDENTIFIER_CHANGED =
  'https://schemas.openid.net/secevent/risc/event-type/identifier-changed';

/** Logs a user in at a vendor, and tells the subject that it got. */
export async function subjectAt(world: World, vendor: string, user: string): Promise<string> {
  const { idToken } = await world.vendor(vendor).logIn(new Browser(), user);
  return String(decodeJwt(idToken ?? '').sub);
}

/** What operations on a proxy's database work with. */
export function operationContext(
  { database, rollout, keyring }: TestProxy,
  clock: () => Date = () => new Date(),
): OperationContext {
  const log = createLogger({ level: 'error', destination: process.stderr });
  return { db: database.db, atRest: rollout.atRest, keyring, clock, log };
}

/** Gives a user of a sector a new pseudonym, as an operator does. */
export function rotate(
  proxy: TestProxy,
  sector: string,
  localSubject: string,
  clock?: () => Date,
): Promise<RotatedSubject> {
  const request = { sector, localSubject, graceDays: 90, endSessions: false };
  return rotateSubject(operationContext(proxy, clock), request, { actor: 'cli:test' });
}

/** The claims of a Security Event Token, verified as a vendor would. */
export async function verifiedEvent(
  issuer: string,
  audience: string,
  token: string,
): Promise<{ readonly header: object; readonly claims: JWTPayload }> {
  const keys = createRemoteJWKSet(new URL(`${issuer}/oidc/jwks`));
  const options = { issuer, audience, typ: 'secevent+jwt' };
  const { payload, protectedHeader } = await jwtVerify(token, keys, options);
  return { header: protectedHeader, claims: payload };
}

/** What a poll was answered with. */
export interface Polled {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly sets?: Readonly<Record<string, string>>;
    readonly moreAvailable?: boolean;
    readonly error?: string;
  };
}

/** Polls for a vendor's events (RFC 8936), by default without waiting. */
export async function poll(
  issuer: string,
  vendor: string,
  members: Readonly<Record<string, unknown>> = {},
  authorization = basic(`${vendor}-web`, vendorSecret(vendor)),
): Promise<Polled> {
  const response = await fetch(`${issuer}/oidc/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
    body: JSON.stringify({ returnImmediately: true, ...members }),
  });
  const body = (await response.json()) as Polled['body'];
  return { status: response.status, headers: response.headers, body };
}

export function basic(clientId: string, secret: string): string {
  return `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`;
}
