import { z } from 'zod';

import { preparedImport } from '../../operations/import-settings.ts';
import { importSubjects } from '../../operations/import-subjects.ts';
import { importView } from '../../operations/subject-view.ts';
import type { ImportRow, RowProblem } from '../../subjects/import.ts';
import { RegistrationError } from '../../vendors/problem.ts';
import { reasonMember, route } from '../route.ts';

/** Users of one request: one transaction, as a batch of a file is. */
const MOST_USERS = 1000;

const subject = z.string().min(1).max(255);

/** What became of them. */
export const imported = z.object({
  sector: z.string(),
  import: z.string().describe('Names it in the audit log.'),
  dry_run: z.boolean(),
  created: z.int(),
  present: z.int().describe('Users who had a pseudonym already.'),
  erased: z.int().describe('Users left out, who were erased.'),
});

export const knownMember = z
  .boolean()
  .default(false)
  .describe('The vendor has these users by their original subject already.');

/** Users who are given pseudonyms before they log in. */
export const IMPORT_ROUTES = [
  route({
    ...{ id: 'importSubjects', method: 'post', path: '/clients/{client}/subjects' },
    ...{ tag: 'clients', scope: 'privacy', isLong: true, repeats: 'keyed_private' },
    summary: 'Give users of a client their pseudonyms, or keep those of another system',
    description:
      'All of them or none, in one transaction. Sent again, it leaves what stands as it is.',
    body: z.strictObject({
      ...reasonMember,
      users: z
        .array(
          z.strictObject({
            local_subject: subject.describe('The `sub` of the user at the provider.'),
            sub: subject.optional().describe('The pseudonym to keep; without it one is derived.'),
          }),
        )
        .min(1)
        .max(MOST_USERS),
      known: knownMember,
      derivation: z
        .strictObject({
          algorithm: z.enum(['hmac-sha256', 'oidc-sha256']),
          salt: z.string().min(1).max(1024).describe('As PAIRWISE_SALT would be written.'),
        })
        .optional()
        .describe('How another system derived its pseudonyms.'),
      dry_run: z.boolean().default(false).describe('Look at everything and write nothing.'),
    }),
    answer: { status: 200, description: 'What became of them.', schema: imported },
    problems: ['unknown', 'entry_invalid'],
    handle: async (context, { path, body, by }) => {
      const { known, dry_run: dryRun, derivation } = body;
      const prepared = await preparedImport(context, {
        ...{ place: { client: path.client }, known },
        foreign: derivation && { algorithm: derivation.algorithm, text: derivation.salt },
      });
      const rows = body.users.map(({ local_subject: localSubject, sub }, index): ImportRow => ({
        ...{ line: index, localSubject, sub },
      }));
      const report = await importSubjects(context, { ...prepared, dryRun, rows: inTurn(rows) }, by);
      if (!report.complete) throw refused(report.problems);
      return { value: importView(prepared.sector, report, dryRun) };
    },
  }),
];

/** Items of a request as the lines of a file come. */
export async function* inTurn<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** What is wrong with which of the `users` of a request. */
export function refused(problems: readonly RowProblem[]): RegistrationError {
  const right = 'correct it, or leave the user out';
  return new RegistrationError(
    problems.map(({ line, wrong }) => ({ path: ['users', line], wrong, right })),
  );
}
