import { z } from 'zod';

import { clientEntry, vendorEntry } from '../vendors/entries.ts';
import { RegistrationError, type Path, type Problem } from '../vendors/problem.ts';
import type { SecretSources } from '../vendors/secrets.ts';
import { confirmMember, reasonMember } from './route.ts';

/** Nobody reads variables and files of the proxy from afar. */
export const NO_SOURCES: SecretSources = { env: () => undefined, file: () => '' };

/** Members that name where a secret is, in place of holding it. */
const NAMED = /_(?:env|file)$/;

/**
 * The same value, where nothing in it names a variable or a file of the machine that the proxy
 * runs on.
 *
 * @throws RegistrationError
 */
export function withoutNamedSecrets<T>(value: T): T {
  const problems = namedIn(value, []);
  if (problems.length > 0) throw new RegistrationError(problems);
  return value;
}

function namedIn(value: unknown, path: Path): readonly Problem[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]: [string, unknown]) => {
    const here = [...path, Array.isArray(value) ? Number(name) : name];
    if (!NAMED.test(name)) return namedIn(each, here);
    const wrong = 'names something on the machine of the proxy';
    return [{ path: here, wrong, right: 'give the secret itself' }];
  });
}

const {
  client_secret_env: _env,
  client_secret_file: _file,
  upstream,
  ...shape
} = clientEntry.shape;
const upstreamShape = upstream.unwrap().omit({ client_secret_env: true, client_secret_file: true });

/** A client entry as it may be sent. */
export const sentClient = z.strictObject({ ...shape, upstream: upstreamShape.optional() });

/** A change of one. */
export const sentClientChange = sentClient.omit({ phase: true }).partial();

/** What `apply` takes. */
export const applyRequest = z.strictObject({
  ...{ ...reasonMember, ...confirmMember },
  dry_run: z.boolean().default(false).describe('Say what would change, and change nothing.'),
  document: z.strictObject({
    vendors: z.array(vendorEntry.extend({ clients: z.array(sentClient).optional() })),
  }),
});
