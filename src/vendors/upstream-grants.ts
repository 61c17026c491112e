import { UPSTREAM_GRANTS } from './grant-rules.ts';
import type { Problem } from './problem.ts';
import type { ClientRegistration } from './registration.ts';

/** The grant types that the upstream has too; `unknown` where it could not be asked. */
export type KnownGrants = readonly string[] | 'unknown';

/** Those of a list of grant types that need an upstream that has them. */
export function grantsOfUpstream(grantTypes: readonly unknown[]): readonly string[] {
  return UPSTREAM_GRANTS.filter((grant) => grantTypes.includes(grant));
}

/**
 * What is registered and would fail at each use, for want of an upstream that has it: refused
 * where that is known, a warning where it is not; nothing where nobody has looked.
 */
export function upstreamGrantFindings(
  clients: readonly ClientRegistration[],
  known: KnownGrants | undefined,
): { readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] } {
  if (known === undefined) return { problems: [], warnings: [] };
  const lacking = clients.flatMap(({ settings, path }) =>
    grantsOfUpstream(settings.metadata.grant_types)
      .filter((grant) => known === 'unknown' || !known.includes(grant))
      .map((grant) => ({ path: [...path, 'grant_types'], grant })),
  );
  if (known === 'unknown') {
    const right = 'run doctor once it can be reached';
    const warnings = lacking.map(({ path, grant }) => {
      const wrong = `names ${grant}, and the upstream could not be asked whether it has that`;
      return { path, wrong, right };
    });
    return { problems: [], warnings };
  }
  const right = 'leave it out, or let the upstream offer it in its discovery document first';
  const problems = lacking.map(({ path, grant }) => {
    return { path, wrong: `names ${grant}, which the upstream does not have`, right };
  });
  return { problems, warnings: [] };
}
