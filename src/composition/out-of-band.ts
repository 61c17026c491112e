import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { FrontChannel } from '../config/types.ts';
import type { Connection } from '../database/connection.ts';
import { putNamed, readReference } from '../database/references.ts';
import type { OneTimeUses } from '../grants/one-time.ts';
import type { ClientAuthenticationParts } from '../protocol/client-authentication.ts';
import { cibaEndpoint } from '../protocol/ciba.ts';
import { deviceEndpoint } from '../protocol/device.ts';
import type { HintParts } from '../protocol/hints.ts';
import type { Endpoint } from '../protocol/message.ts';
import { exchangeGrant } from '../protocol/token-exchange.ts';
import { polledGrant } from '../protocol/token-polled.ts';
import type { GrantHandler } from '../protocol/token.ts';
import type { IssueParts } from '../protocol/token-issue.ts';
import type { UserCodeStore } from '../protocol/user-codes.ts';
import { UserCodes } from '../protocol/user-codes.ts';
import type { Sealer } from '../tokens/seal.ts';
import { CIBA_GRANT, DEVICE_CODE_GRANT, TOKEN_EXCHANGE_GRANT } from '../upstream/grant-types.ts';
import type { Registry } from '../vendors/registry.ts';

/** User codes that one address may get wrong, in points and seconds. */
const WRONG_CODES = { points: 20, duration: 300 } as const;

/** What logins on other devices are wired from. */
export interface OutOfBandParts {
  readonly db: Connection;
  readonly issue: IssueParts;
  readonly sealer: Sealer;
  readonly oneTime: OneTimeUses;
  readonly authentication: ClientAuthenticationParts;
  readonly frontChannel: FrontChannel;
  readonly registry: Registry;
  readonly publicKeys: () => readonly object[];
  readonly hints: HintParts;
}

/** Logins on other devices: their endpoints, and their grants by grant type. */
export function outOfBand(parts: OutOfBandParts): {
  readonly device: Endpoint;
  readonly ciba: Endpoint;
  readonly grants: ReadonlyMap<string, GrantHandler>;
} {
  const { db, issue, sealer, oneTime, authentication, frontChannel, registry } = parts;
  const hints = { ...parts.hints, localSubjects: issue.subjects };
  const userCodes = new UserCodes(userCodeStore(db), sealer);
  const wrongCodes = new RateLimiterMemory(WRONG_CODES);
  return {
    device: deviceEndpoint({
      ...{ ...issue, authentication, userCodes, frontChannel, wrongCodes },
      vendors: registry,
    }),
    ciba: cibaEndpoint({ ...issue, authentication, hints }),
    grants: new Map([
      [DEVICE_CODE_GRANT, polledGrant(issue, oneTime, 'device_code')],
      [CIBA_GRANT, polledGrant(issue, oneTime, 'auth_req_id')],
      [TOKEN_EXCHANGE_GRANT, exchangeGrant({ ...issue, publicKeys: parts.publicKeys }, registry)],
    ]),
  };
}

function userCodeStore(db: Connection): UserCodeStore {
  const purpose = 'user_code';
  return {
    put: (name, sealed, expiresAt) => putNamed(db, purpose, name, Buffer.from(sealed), expiresAt),
    read: async (name, now) => (await readReference(db, purpose, name, now))?.toString('utf8'),
  };
}
