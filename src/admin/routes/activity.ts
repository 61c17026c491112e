import { z } from 'zod';

import { activity } from '../../operations/activity.ts';
import { listSectors } from '../../operations/list-sectors.ts';
import { sectorLinkView } from '../../operations/sector-view.ts';
import { byKey, pageAfter } from '../page.ts';
import { pageOf, pageQuery, route } from '../route.ts';
import { maybeInstant, phase } from '../schemas.ts';

const sector = z.object({
  sector: z.string(),
  vendor: z.string(),
  clients: z.array(z.string()).describe('Their client_id; none: it stays reserved.'),
  documents: z
    .array(
      z.object({
        client_id: z.string(),
        sector_identifier_uri: z.string(),
        checked_at: maybeInstant,
        failing_since: maybeInstant.describe('null: it vouches for the client.'),
        problem: z.string().nullable(),
      }),
    )
    .describe('What vouches for its clients, as last looked at.'),
  linked_into: z.string().nullable().describe('Whose subjects its clients use.'),
  link_state: z
    .enum(['checking', 'carrying', 'linked', 'parting'])
    .nullable()
    .describe('How far the link is; null: there is none.'),
  between_vendors: z.boolean(),
  linked_at: maybeInstant,
});

/** What happens at the proxy, in numbers, and its sectors. */
export const ACTIVITY_ROUTES = [
  route({
    ...{ id: 'showActivity', method: 'get', path: '/activity', tag: 'activity', scope: 'read' },
    summary: 'Count logins and pseudonyms by day, and clients by phase',
    query: z.strictObject({
      days: z.coerce.number().int().min(1).max(92).default(30).describe('Today is the last.'),
    }),
    answer: {
      status: 200,
      description: 'Numbers that name nobody.',
      schema: z.object({
        days: z.array(
          z.object({
            day: z.iso.date(),
            logins: z.int().describe('Those of erased users are not counted.'),
            new_pseudonyms: z.int(),
            users_seen: z.int().describe('Users given a pseudonym, each once in a sector.'),
          }),
        ),
        phases: z.array(
          z.object({
            phase,
            narrowed: z.boolean().describe('true: pairwise for some of the users only.'),
            clients: z.int(),
          }),
        ),
      }),
    },
    handle: async (context, { query }) => {
      const { days, phases } = await activity(context, query.days);
      const shown = days.map(({ day, logins, newPseudonyms, usersSeen }) => {
        return { day, logins, new_pseudonyms: newPseudonyms, users_seen: usersSeen };
      });
      return { value: { days: shown, phases } };
    },
  }),
  route({
    ...{ id: 'listSectors', method: 'get', path: '/sectors', tag: 'activity', scope: 'read' },
    summary: 'List the sectors, whose they are, and what vouches for them',
    query: z.strictObject(pageQuery),
    answer: { status: 200, description: 'By name.', schema: pageOf(sector) },
    handle: async (context, { query }) => {
      const sectors = await listSectors(context);
      const keyOf = (each: (typeof sectors)[number]): string => each.sector;
      const { items, next } = pageAfter(byKey(sectors, keyOf), keyOf, query);
      const shown = items.map(({ vendorId, clients, documents, sector: name, link }) => ({
        ...sectorLinkView({ link }),
        ...{ sector: name, vendor: vendorId, clients },
        documents: documents.map((each) => ({
          ...{ client_id: each.clientId, sector_identifier_uri: each.uri },
          checked_at: each.checkedAt ?? null,
          ...{ failing_since: each.failingSince ?? null, problem: each.problem ?? null },
        })),
      }));
      return { value: { items: shown, next } };
    },
  }),
];
