import { keyBytes, saltText } from '../config/keys.ts';
import type { PseudonymAlgorithm } from '../config/types.ts';
import { orUnavailable } from '../database/connection.ts';
import { derivePseudonym, randomPseudonym } from '../subjects/derive.ts';
import type { Made } from '../subjects/import.ts';
import { Salts } from '../subjects/salts/store.ts';
import { readClient, readClients } from '../vendors/client-store.ts';
import { RegistrationError, UnknownError } from '../vendors/problem.ts';
import { readSectorOwners } from '../vendors/vendor-store.ts';
import type { OperationContext } from './context.ts';
import type { ImportRequest } from './import-subjects.ts';

/** Where users are imported to: a client's sector, or a sector by its name. */
export interface ImportPlace {
  readonly client?: string | undefined;
  readonly sector?: string | undefined;
}

/**
 * The sector that is meant, and whether its users may keep original subjects.
 *
 * @throws RegistrationError, UnknownError
 */
async function importTarget(
  { db, atRest }: Pick<OperationContext, 'db' | 'atRest'>,
  { client: clientId, sector }: ImportPlace,
): Promise<{ readonly sector: string; readonly preserves: boolean }> {
  if (clientId !== undefined) {
    const { client } = await readClient(db, atRest, clientId);
    const preserves = client.metadata.migration?.mode === 'preserve';
    return { sector: client.sector, preserves };
  }
  if (sector === undefined) {
    const wrong = 'is missing';
    const right = 'name a client, or a sector (`client list` shows them)';
    throw new RegistrationError([{ path: ['client'], wrong, right }]);
  }
  const owners = await orUnavailable(() => readSectorOwners(db));
  if (!owners.has(sector)) throw new UnknownError(`There is no sector "${sector}".`);
  const clients = await readClients(db, atRest);
  const preserves = clients.some(
    ({ client }) => client.sector === sector && client.metadata.migration?.mode === 'preserve',
  );
  return { sector, preserves };
}

/** How another system derived its pseudonyms. */
export interface ForeignSalt {
  readonly algorithm: Exclude<PseudonymAlgorithm, 'random'>;
  /** As `PAIRWISE_SALT` would be written. */
  readonly text: string;
}

/** What new pseudonyms of this deployment are derived by. */
export interface DerivationContext extends OperationContext {
  readonly algorithm: PseudonymAlgorithm;
  readonly pairwiseSalt: Uint8Array;
}

/**
 * What gives a user a pseudonym who brings none: the original subject where it
 * is preserved, another system's formula, or what a login would give.
 *
 * @throws RegistrationError for a salt that cannot be one; SaltMismatchError
 */
export async function importDerivation(
  { db, atRest, clock, algorithm, pairwiseSalt }: DerivationContext,
  how: {
    readonly sector: string;
    readonly preserves: boolean;
    readonly foreign: ForeignSalt | undefined;
  },
): Promise<(localSubject: string) => Made> {
  const { sector, preserves, foreign } = how;
  if (foreign !== undefined) {
    const salt = saltBytes(foreign);
    return (localSubject) => ({
      sub: derivePseudonym(foreign.algorithm, { sector, localSubject, salt }),
      ...{ algorithm: 'imported', saltVersion: 0 },
    });
  }
  if (preserves) {
    return (localSubject) => ({ sub: localSubject, algorithm: 'preserved', saltVersion: 0 });
  }
  if (algorithm === 'random') {
    return () => ({ sub: randomPseudonym(), algorithm, saltVersion: 0 });
  }
  const salts = await Salts.open({ db, atRest, pairwiseSalt, algorithm, clock });
  const { version: saltVersion, value: salt } = await orUnavailable(() => salts.currentSalt(db));
  return (localSubject) => ({
    sub: derivePseudonym(algorithm, { sector, localSubject, salt }),
    ...{ algorithm, saltVersion },
  });
}

/** Where and how users are imported, whoever brings them. */
export interface ImportOrder {
  readonly place: ImportPlace;
  /** The vendor has these users by their original subject already. */
  readonly known: boolean;
  readonly foreign?: ForeignSalt | undefined;
}

/**
 * What `importSubjects` is asked with, but for the rows.
 *
 * @throws RegistrationError, UnknownError, SaltMismatchError
 */
export async function preparedImport(
  context: DerivationContext,
  { place, known: given, foreign }: ImportOrder,
): Promise<Pick<ImportRequest, 'sector' | 'given' | 'mayPreserve' | 'derive'>> {
  const { sector, preserves } = await importTarget(context, place);
  const how = { sector, preserves: preserves && given, foreign };
  return {
    ...{ sector, given, mayPreserve: preserves },
    derive: await importDerivation(context, how),
  };
}

/** As `PAIRWISE_SALT` is read: text for the formula that concatenates, else a key. */
function saltBytes({ algorithm, text }: ForeignSalt): Uint8Array {
  const reading = algorithm === 'oidc-sha256' ? saltText(text) : keyBytes(text);
  if (reading.ok && text !== '') return reading.value;
  const [wrong, right] = reading.ok
    ? ['is empty', 'give the salt of the other system']
    : [reading.problem, reading.hint];
  throw new RegistrationError([{ path: ['salt-file'], wrong, right }]);
}
