import { isOurs } from './collisions.ts';
import { ok, problem, type Finding } from './finding.ts';

/** Compares the paths that logins took with `RELAY_PATHS`, or proposes a value for it. */
export function relayPathsFinding(
  taken: readonly string[],
  configured: readonly string[],
): Finding | undefined {
  const paths = [...new Set(taken)].filter((path) => !isOurs(path));
  if (paths.length === 0) return undefined;
  const proposal = [...new Set(paths.map((path) => `/${path.split('/')[1] ?? ''}`))].toSorted();
  if (configured.length === 0) {
    const message = `The first pages take the paths ${proposal.join(', ')}.`;
    const narrow = proposal.includes('/')
      ? 'The relay cannot be narrowed: / itself is taken.'
      : `To relay nothing else: RELAY_PATHS=${proposal.join(',')}, with what later pages take (second factor, consent, logout).`;
    return ok('relay_paths', `${message} ${narrow}`);
  }
  const lacking = paths.filter(
    (path) =>
      !configured.some((prefix) => {
        const bare = prefix.replace(/\/+$/, '');
        return path === bare || path.startsWith(`${bare}/`);
      }),
  );
  if (lacking.length === 0) return ok('relay_paths', 'RELAY_PATHS holds all that was taken.');
  const message = `RELAY_PATHS lacks ${lacking.join(', ')}.`;
  const all = [...new Set([...configured, ...lacking.map((path) => `/${path.split('/')[1]}`)])];
  return problem('relay_paths', message, `Set RELAY_PATHS=${all.join(',')}.`);
}
