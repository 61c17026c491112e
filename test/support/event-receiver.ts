import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

import { listen } from './listen.ts';

/** A push as it came. */
export interface ReceivedPush {
  readonly token: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** How a receiver answers one push. */
export type EventAnswer = (response: ServerResponse, request: IncomingMessage) => void;

/** A vendor's address for events (RFC 8935) that keeps what it gets. */
export interface EventReceiver {
  readonly origin: string;
  readonly uri: string;
  /** In the order in which they came. */
  readonly pushes: ReceivedPush[];
  /** How it answers first, one each; then 202. */
  readonly answers: EventAnswer[];
  /** Waits until so many pushes have come. */
  received(count: number): Promise<readonly ReceivedPush[]>;
  close(): Promise<void>;
}

/** Answers with a status and, where it says more, a body. */
export function answer(status: number, body = '', type = 'application/json'): EventAnswer {
  return (response) => void response.writeHead(status, { 'content-type': type }).end(body);
}

/** Starts one on 127.0.0.1. */
export async function startEventReceiver(): Promise<EventReceiver> {
  const pushes: ReceivedPush[] = [];
  const answers: EventAnswer[] = [];
  const waiting = new Set<() => void>();
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { url: path = '', headers } = request;
    pushes.push({ token: await text(request), path, headers });
    const respond = answers.shift() ?? answer(202);
    respond(response, request);
    for (const wake of waiting) wake();
  };
  const server = await listen((request, response) => void receive(request, response));
  const origin = `http://127.0.0.1:${server.port}`;
  return {
    ...{ origin, uri: `${origin}/events`, pushes, answers },
    received: async (count) => {
      while (pushes.length < count) {
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.add(resolve);
        await promise;
        waiting.delete(resolve);
      }
      return pushes;
    },
    close: () => server.close(),
  };
}
