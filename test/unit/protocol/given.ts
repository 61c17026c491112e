import { Refusal } from '../../../src/errors.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import type { ProtocolRequest } from '../../../src/protocol/message.ts';
import type { Grant } from '../../../src/protocol/grant.ts';
import { reviveReleasedSubject } from '../../../src/subjects/released.ts';
import type { Client } from '../../../src/vendors/client.ts';
import { clientIn } from '../subjects/replica.ts';

export const NOW = new Date('2030-01-01T00:00:00.000Z');

/** A client, with some members of its metadata changed. */
export function clientWith(
  metadata: Partial<Client['metadata']> = {},
  members: Partial<Client> = {},
): Client {
  const client = clientIn('acme.example');
  return { ...client, ...members, metadata: { ...client.metadata, ...metadata } };
}

/** A grant of that client. */
export function grantWith(members: Partial<Grant> = {}): Grant {
  return {
    ...{ id: 'grant', clientId: clientIn('acme.example').clientId, scope: 'openid' },
    ...{ subject: reviveReleasedSubject('pseudonym'), kind: 'pairwise', mode: 'pairwise' },
    ...{ userIndex: Buffer.alloc(32, 1), maxAge: undefined, authTimeRequested: false },
    ...{ resource: [], change: 7 },
    ...members,
  };
}

/** A request as an endpoint sees it. */
export function requestWith(members: Partial<ProtocolRequest> = {}): ProtocolRequest {
  return {
    ...{ method: 'GET', target: '/', query: new URLSearchParams(), form: new URLSearchParams() },
    ...{ headers: {}, remoteAddress: '192.0.2.1', identified: () => {}, answerHeader: () => {} },
    payload: () => Promise.resolve(new Uint8Array()),
    log: createLogger({ level: 'error', destination: { write: () => {} } }),
    ...members,
  };
}

/** Why something is refused; undefined: it is not. Anything but a refusal is thrown on. */
export async function reasonOf(work: () => unknown): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.reason;
    throw error;
  }
}
