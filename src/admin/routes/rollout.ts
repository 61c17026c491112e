import { z } from 'zod';

import { orUnavailable } from '../../database/connection.ts';
import { freezeRollouts, liftFreeze } from '../../operations/freeze-rollouts.ts';
import { boardView, freezeView, phaseView, rolloutView } from '../../operations/phase-view.ts';
import { gatedRollout, rolloutBoard } from '../../operations/rollout-board.ts';
import { readClients } from '../../vendors/client-store.ts';
import { readFreeze } from '../../vendors/freeze-store.ts';
import { STEPS } from '../../vendors/rollout-plan.ts';
import { rolloutHistory, rolloutStatus } from '../../vendors/rollout-standing.ts';
import { rolloutRollback, rolloutSet } from '../../vendors/rollout.ts';
import { stale } from '../failure.ts';
import { pageAfter } from '../page.ts';
import { pageOf, pageQuery, reasonMember, route } from '../route.ts';
import { gate, maybeInstant, phase, phaseVersion } from '../schemas.ts';

const step = z.enum(STEPS);

const status = phaseVersion.extend({
  step,
  client_id: z.string(),
  vendor: z.string(),
  previous: z.string().nullable().describe('What a rollback would restore, in words.'),
  previous_version: z.int().nullable(),
  can_bypass: z.boolean(),
  accept_bypass_at: maybeInstant,
  migration: z.record(z.string(), z.unknown()).optional().describe('How it comes to pseudonyms.'),
  preserved_users: z.int().optional().describe('Users who still have their original subject.'),
});

const board = status.extend({
  next_step: step.nullable().describe('null: it is done, or stays with original subjects.'),
  next_gates: z.array(gate).describe('What stands before the next step.'),
  frozen: z.boolean().describe('Whether rollouts are frozen.'),
});

const freeze = z.object({
  frozen: z.boolean(),
  at: maybeInstant,
  actor: z.string().nullable(),
  reason: z.string().nullable(),
});

const outcome = phaseVersion.extend({
  client_id: z.string(),
  changed: z.boolean().describe('false: it was so already.'),
  ended_sessions: z.boolean().optional(),
});

const ROLLOUT = '/clients/{client}/rollout';

/** Phases of clients. */
export const ROLLOUT_ROUTES = [
  route({
    ...{ id: 'listRollouts', method: 'get', path: '/rollouts', tag: 'rollout', scope: 'read' },
    summary: 'Say where every client stands',
    query: z.strictObject(pageQuery),
    answer: { status: 200, description: 'By client_id.', schema: pageOf(status) },
    handle: async ({ db, atRest }, { query }) => {
      const stored = await orUnavailable(() => readClients(db, atRest));
      const ids = stored.map(({ client }) => client.clientId);
      const { items, next } = pageAfter(ids, (id) => id, query);
      const views = [];
      for (const id of items) views.push(rolloutView(await rolloutStatus({ db, atRest }, id)));
      return { value: { items: views, next } };
    },
  }),
  route({
    ...{ id: 'showRollout', method: 'get', path: ROLLOUT, tag: 'rollout', scope: 'read' },
    summary: 'Say where a client stands',
    answer: {
      status: 200,
      description: 'Its phase, and its next step.',
      schema: board,
      hasState: true,
    },
    handle: async (context, { path }) => {
      const found = await orUnavailable(() => rolloutStatus(context, path.client));
      const ahead = boardView(await rolloutBoard(context, path.client));
      const value = { ...rolloutView(found), ...ahead };
      return { value, state: String(found.current.version) };
    },
  }),
  route({
    ...{ id: 'setRollout', method: 'put', path: ROLLOUT, tag: 'rollout', scope: 'operate' },
    summary: 'Put a client into a phase',
    description: 'It holds in every replica within 5 seconds; going back is one request.',
    needsState: true,
    body: z.strictObject({
      ...reasonMember,
      phase,
      percent: z.int().min(0).max(100).optional().describe('Narrows pairwise to this share.'),
      users: z
        .array(z.string().min(1).max(255))
        .max(1000)
        .optional()
        .describe(
          'Narrows pairwise to these local subjects, and to the share. Left out beside a share: those who are in stay in.',
        ),
      done: z.boolean().optional().describe('Says that the rollout is over.'),
      end_sessions: z.boolean().default(false).describe('End the tokens issued before.'),
    }),
    answer: { status: 200, description: 'The version in force.', schema: outcome, hasState: true },
    problems: ['entry_invalid', 'conflict'],
    handle: async (context, { path, body, by, state }) => {
      const { phase: wanted, percent, users, done: isDone, end_sessions: endSessions } = body;
      const narrowed = { phase: wanted, percent, users, isDone };
      const request = { ...by, clientId: path.client, ...narrowed, endSessions };
      const expectedVersion = versionOf(path.client, state);
      const done = await rolloutSet(gatedRollout(context), { ...request, expectedVersion });
      const { changed, version } = done;
      const told = { client_id: path.client, changed, ended_sessions: endSessions };
      return { value: { ...told, ...phaseView(version) }, state: String(version.version) };
    },
  }),
  route({
    ...{ id: 'rollBack', method: 'post', path: `${ROLLOUT}/rollback`, tag: 'rollout' },
    ...{ scope: 'operate', summary: 'Restore the version before; again goes further back' },
    repeats: 'keyed',
    body: z.strictObject({
      ...reasonMember,
      to: z.int().min(1).optional().describe('Restore this version.'),
      from: z.int().min(1).optional().describe('Only if this version is in force.'),
    }),
    answer: { status: 200, description: 'The version in force.', schema: outcome },
    problems: ['entry_invalid', 'conflict', 'stale'],
    handle: async (context, { path, body, by }) => {
      const request = { ...by, clientId: path.client, to: body.to, expectedVersion: body.from };
      const { version, changed } = await rolloutRollback(gatedRollout(context), request);
      return { value: { client_id: path.client, changed, ...phaseView(version) } };
    },
  }),
  route({
    ...{ id: 'listRolloutVersions', method: 'get', path: `${ROLLOUT}/history`, tag: 'rollout' },
    ...{ scope: 'read', summary: 'List the recorded versions of a client, newest first' },
    query: z.strictObject(pageQuery),
    answer: { status: 200, description: 'Versions.', schema: pageOf(phaseVersion) },
    handle: async ({ db }, { path, query }) => {
      const versions = await orUnavailable(() => rolloutHistory({ db }, path.client));
      // The newest has the lowest key, so that the pages begin with it.
      const keyOf = (version: number): string => String(2 ** 48 - version).padStart(16, '0');
      const { items, next } = pageAfter(versions, ({ version }) => keyOf(version), query);
      return { value: { items: items.map(phaseView), next } };
    },
  }),
  route({
    ...{ id: 'showFreeze', method: 'get', path: '/rollouts/freeze', tag: 'rollout', scope: 'read' },
    summary: 'Say whether rollouts are frozen',
    answer: { status: 200, description: 'The freeze, or none.', schema: freeze },
    handle: async ({ db }) => ({ value: freezeView(await orUnavailable(() => readFreeze(db))) }),
  }),
  route({
    ...{ id: 'setFreeze', method: 'put', path: '/rollouts/freeze', tag: 'rollout' },
    ...{ scope: 'operate', summary: 'Let no client go further, or lift that' },
    description: 'Rollbacks stay possible.',
    body: z.strictObject({ ...reasonMember, frozen: z.boolean() }),
    answer: {
      status: 200,
      description: 'What holds now.',
      schema: freeze.extend({ changed: z.boolean().describe('false: it was so already.') }),
    },
    handle: async (context, { body, by }) => {
      const operation = body.frozen ? freezeRollouts : liftFreeze;
      const done = await operation(context, by);
      return { value: { ...freezeView(done.freeze), changed: done.changed } };
    },
  }),
];

function versionOf(clientId: string, state: string | undefined): number | undefined {
  if (state === undefined) return undefined;
  if (/^\d{1,9}$/.test(state)) return Number(state);
  throw stale(`The client "${clientId}" is not in this state.`);
}
