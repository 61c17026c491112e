import { randomBytes } from 'node:crypto';

import { AtRest } from '../../../src/database/at-rest.ts';
import { bytes } from '../../../src/database/bytes.ts';
import type { Connection } from '../../../src/database/connection.ts';
import type { LogFunction, Logger } from '../../../src/observability/logger.ts';
import { applyRegistrations, type ApplyOptions, type Plan } from '../../../src/vendors/apply.ts';
import { readApplyDocument } from '../../../src/vendors/apply-document.ts';
import type { RolloutContext } from '../../../src/vendors/rollout.ts';
import type { SecretSources } from '../../../src/vendors/secrets.ts';

export const NO_SECRETS: SecretSources = {
  env: () => undefined,
  file: () => {
    throw new Error('ENOENT');
  },
};

export const ACME = `
vendors:
  - id: acme
    name: Acme Learning
    contacts: [security@acme.example]
    clients:
      - client_id: acme-web
        client_secret: vendor-secret
        upstream: { client_id: acme-upstream, client_secret: upstream-secret }
        redirect_uris: [https://acme.example/callback]
        release_claims: [name, locale]
`;

/** A registry's secrets and clock; the clock stands still until it is moved. */
export class Bench {
  readonly atRest = new AtRest(randomBytes(32));
  readonly indexRoot = randomBytes(32);
  now = new Date('2030-01-01T00:00:00Z');
  readonly clock = (): Date => this.now;

  later(seconds: number): void {
    this.now = new Date(this.now.getTime() + seconds * 1000);
  }

  context(db: Connection): RolloutContext {
    return { db, atRest: this.atRest, indexRoot: this.indexRoot, clock: this.clock };
  }

  apply(db: Connection, yaml: string, options: Partial<ApplyOptions> = {}): Promise<Plan> {
    return applyRegistrations(this.context(db), readApplyDocument(yaml, NO_SECRETS), {
      actor: 'test',
      at: this.now,
      sectorChange: 'refused',
      ...options,
    });
  }
}

/** Gives a user a pseudonym in a sector, as a login does. */
export async function giveSubject(db: Connection, sector: string, user: string): Promise<void> {
  await db('pseudonyms').insert({
    sector: bytes(sector),
    user_index: Buffer.alloc(32, user),
    generation: 1,
    sub: bytes(`sub-of-${user}`),
    local_subject: bytes('sealed'),
    salt_version: 1,
    algorithm: 'random',
    created_at: 1,
  });
}

/** A logger that keeps its lines. */
export function listeningLogger(): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const write =
    (level: string): LogFunction =>
    (first: object | string, message?: string) => {
      lines.push(`${level}: ${message ?? (typeof first === 'string' ? first : '')}`);
    };
  const log: Logger = {
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
    child: () => log,
  };
  return { log, lines };
}
