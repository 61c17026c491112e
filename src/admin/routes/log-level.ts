import { z } from 'zod';

import { LEVELS } from '../../observability/log-level.ts';
import { changeLogLevel } from '../../operations/change-log-level.ts';
import { reasonMember, route } from '../route.ts';

const level = z.enum(LEVELS);
const shown = z.object({ level });

/** How much the replica that is asked logs. */
export const LOG_LEVEL_ROUTES = [
  route({
    ...{ id: 'showLogLevel', method: 'get', path: '/log-level', tag: 'process', scope: 'read' },
    summary: 'How much this replica logs',
    answer: { status: 200, description: 'Its level.', schema: shown },
    handle: async ({ logLevel }) => ({ value: { level: logLevel.current() } }),
  }),
  route({
    ...{
      id: 'changeLogLevel',
      method: 'put',
      path: '/log-level',
      tag: 'process',
      scope: 'operate',
    },
    summary: 'Let this replica, with all its workers, log more or less until it ends',
    body: z.strictObject({ ...reasonMember, level }),
    answer: { status: 200, description: 'The level that holds now.', schema: shown },
    handle: async (context, { body, by }) => {
      await changeLogLevel(context, context.logLevel, body.level, by);
      return { value: { level: body.level } };
    },
  }),
];
