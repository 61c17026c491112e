import type { Client } from '../vendors/client.ts';
import { endOfDual } from '../vendors/migration-members.ts';
import { ok, warning, type Finding } from './finding.ts';

/** What the way from original subjects to pseudonyms still shows of users. */
export function migrationFindings(clients: readonly Client[], now: Date): readonly Finding[] {
  return clients.flatMap(({ clientId, metadata }) => {
    const { migration } = metadata;
    if (migration === undefined || migration.mode === 'switch') return [];
    if (migration.mode === 'preserve') {
      const message = 'Users whom its vendor has keep the original subject as their pseudonym.';
      const hint =
        '`rollout status` says how many; `subject rotate` gives them others when the vendor is ready.';
      return [warning('migration', message, hint, clientId)];
    }
    const { claim, until } = migration;
    if (endOfDual(migration).getTime() <= now.getTime()) {
      const message = `The claim ${claim} with the original subject has ended (${until}); "migration" can be taken out.`;
      return [ok('migration', message, clientId)];
    }
    const message = `It is shown the original subject of its users, in the claim ${claim} until ${until}.`;
    const hint = 'Take "migration" out as soon as the vendor has rewritten its accounts.';
    return [warning('migration', message, hint, clientId)];
  });
}
