import { z } from 'zod';

import { preparedImport } from '../../operations/import-settings.ts';
import { importSubjects } from '../../operations/import-subjects.ts';
import { linkSubjects } from '../../operations/link-subjects.ts';
import { DEFAULT_GRACE_DAYS } from '../../operations/rotation-request.ts';
import { linkRows, subjectRows } from '../../operations/subject-rows.ts';
import { importView, linkFileView } from '../../operations/subject-view.ts';
import { reasonMember, route } from '../route.ts';
import { imported, inTurn, knownMember } from './subject-import.ts';
import { linkedMany, linkGrace, linkSettings } from './subject-link.ts';

/** Bytes of a file; a longer one is for the command line, which reads it as it comes. */
export const MOST_FILE_BYTES = 1_048_576;

/** A file, as bytes: what is not UTF-8 is told with its line. */
const file = {
  format: z.enum(['csv', 'ndjson']),
  content: z
    .base64()
    .min(1)
    .max(Math.ceil(MOST_FILE_BYTES / 3) * 4)
    .describe('The file in base64 (RFC 4648 4).'),
  dry_run: z.boolean().default(false).describe('Look at everything and write nothing.'),
};

/** How far a file was read. */
const reading = {
  last_line: z.int().describe('Up to this line all is done, or needs nothing.'),
  complete: z
    .boolean()
    .describe('false: it ended at a batch with problems, of which nothing stays.'),
  problems: z
    .array(z.object({ line: z.int(), wrong: z.string() }))
    .describe('Correct these lines and send it again.'),
};

const BATCHES =
  'As the command does: in batches, each of them in one transaction. Sent again, it leaves what ' +
  'stands as it is.';

/** Files of users, as the command line reads them. */
export const FILE_ROUTES = [
  route({
    ...{ id: 'importSubjectFile', method: 'post', path: '/clients/{client}/subjects/file' },
    ...{ tag: 'clients', scope: 'privacy', isLong: true, repeats: 'keyed_private' },
    summary: 'Give users of a file their pseudonyms, or keep those of another system',
    description: BATCHES,
    body: z.strictObject({ ...reasonMember, ...file, known: knownMember }),
    answer: {
      status: 200,
      description: 'What became of them.',
      schema: imported.extend(reading),
    },
    problems: ['unknown', 'conflict', 'entry_invalid'],
    handle: async (context, { path, body, by }) => {
      const { known, dry_run: dryRun, format } = body;
      const prepared = await preparedImport(context, { place: { client: path.client }, known });
      const rows = subjectRows(bytesOf(body), format);
      const report = await importSubjects(context, { ...prepared, dryRun, rows }, by);
      const { complete, problems } = report;
      return { value: { ...importView(prepared.sector, report, dryRun), complete, problems } };
    },
  }),
  route({
    ...{ id: 'linkSubjectFile', method: 'post', path: '/subjects/link-file', tag: 'subjects' },
    ...{ scope: 'privacy', isLong: true, repeats: 'keyed_private' },
    summary: 'Let users of a file keep all pseudonyms whom the provider calls otherwise',
    description: BATCHES,
    needsConfirmation: 'All pseudonyms of these users would be theirs under the other names.',
    body: z.strictObject({
      ...{ ...linkSettings, ...file },
      grace_days: linkGrace.min(1).default(DEFAULT_GRACE_DAYS),
    }),
    answer: {
      status: 200,
      description: 'What became of them.',
      schema: linkedMany.extend(reading),
    },
    problems: ['conflict', 'entry_invalid'],
    handle: async (context, { body, by }) => {
      const { prefer, grace_days: graceDays, dry_run: dryRun, format } = body;
      const how = { graceDays, endSessions: false, prefer, dryRun };
      const rows = linkRows(bytesOf(body), format);
      const report = await linkSubjects(context, { ...how, rows }, by);
      const { complete, problems } = report;
      return { value: { ...linkFileView(report, dryRun), complete, problems } };
    },
  }),
];

function bytesOf({ content }: { readonly content: string }): AsyncIterable<Uint8Array> {
  return inTurn([Buffer.from(content, 'base64')]);
}
