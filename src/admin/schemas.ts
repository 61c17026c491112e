import { z } from 'zod';

/** An instant as it is shown. */
export const instant = z.iso.datetime();

/** An instant that may not have come. */
export const maybeInstant = instant.nullable();

const warning = z.object({
  path: z.array(z.union([z.string(), z.number()])),
  wrong: z.string(),
  right: z.string(),
});

const sectorMove = z.object({
  client_id: z.string(),
  from: z.string(),
  to: z.string(),
  users: z.int().describe('Users whose `sub` changes.'),
});

const change = {
  action: z.enum(['create', 'update', 'unchanged']),
  kind: z.enum(['vendor', 'client']),
  id: z.string(),
  fields: z.array(z.string()).describe('The members that change.'),
};

const phases = ['public', 'shadow', 'pairwise'] as const;

/** What a client is served as. */
export const phase = z.enum(phases);

/** What was done to one vendor or client. */
export const edit = z.object({
  ...change,
  sector_moves: z.array(sectorMove),
  warnings: z.array(warning),
});

/** What a document does. */
export const plan = z.object({
  dry_run: z.boolean(),
  changes: z.array(z.object(change)),
  differences: z
    .array(
      z.object({
        client_id: z.string(),
        document: phase,
        recorded: phase,
        percent: z.number().nullable(),
        pilot_users: z.int(),
      }),
    )
    .describe('Clients whose recorded phase is not that of the document: use the rollout.'),
  sector_moves: z.array(sectorMove),
  warnings: z.array(warning),
});

/** Something that was looked at before a step. */
export const gate = z.object({
  name: z.string(),
  state: z.enum(['green', 'red']),
  refuses: z.boolean().describe('Whether the step is refused while it is red.'),
  message: z.string(),
});

/** A recorded version of a client's phase. */
export const phaseVersion = z.object({
  version: z.int(),
  phase,
  percent: z.number().nullable(),
  pilot_users: z.int().describe('How many.'),
  at: instant,
  actor: z.string(),
  reason: z.string().nullable(),
  restores: z.int().nullable().describe('The version that a rollback restored.'),
  done: z.boolean().describe('Whether the rollout was said to be over.'),
  gates: z.array(gate).nullable().describe('As they were; null: it went no further.'),
});
