import { Command } from 'commander';
import { clientEvents, repeatEvents } from '../../operations/client-events.ts';
import { inWorkspace } from '../context.ts';
import type { CommandHost } from '../host.ts';

interface EventsOptions {
  readonly again?: boolean;
  readonly reason?: string;
}

/** `client events`: how far a client is with what it is told of changed subjects. */
export function eventsCommand(host: CommandHost): Command {
  return new Command('events')
    .description('show how far a client is with the events about changed subjects')
    .argument('<client>', 'its client_id')
    .option('--again', 'tell it again of every change that is still in its grace')
    .option('--reason <text>', 'why, with --again; recorded')
    .option('--json', 'print one JSON object')
    .action((clientId: string, options: EventsOptions) => show(host, clientId, options));
}

function show(host: CommandHost, clientId: string, { again, reason }: EventsOptions) {
  return inWorkspace(host.context, async (workspace) => {
    const { actor } = workspace;
    if (again === true) await repeatEvents(workspace, clientId, { actor, reason });
    host.output().record({ ...(await clientEvents(workspace, clientId)) });
  });
}
