import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

import { listen } from './listen.ts';

/** A vendor's back-channel logout address that keeps what it gets. */
export interface LogoutReceiver {
  readonly uri: string;
  /** Logout tokens, in the order in which they came. */
  readonly tokens: string[];
  /** Answers with these statuses first; then 200. */
  readonly statuses: number[];
  /** Waits until so many tokens have come. */
  received(count: number): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Starts one on 127.0.0.1. */
export async function startLogoutReceiver(): Promise<LogoutReceiver> {
  const tokens: string[] = [];
  const statuses: number[] = [];
  const waiting = new Set<() => void>();
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    tokens.push(new URLSearchParams(await text(request)).get('logout_token') ?? '');
    response.writeHead(statuses.shift() ?? 200).end();
    for (const wake of waiting) wake();
  };
  const server = await listen((request, response) => void receive(request, response));
  return {
    uri: `http://127.0.0.1:${server.port}/backchannel-logout`,
    ...{ tokens, statuses },
    received: async (count) => {
      while (tokens.length < count) {
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.add(resolve);
        await promise;
        waiting.delete(resolve);
      }
      return tokens;
    },
    close: () => server.close(),
  };
}
