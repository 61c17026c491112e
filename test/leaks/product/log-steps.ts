import type { Scene, Step } from './scene.ts';

/** Last: no vendor receives the log, but who reads it must learn no more than a vendor. */
export const LOG_STEPS: readonly Step[] = [
  {
    name: 'the log of all that',
    exits: ['logs'],
    run: async ({ world, own: { held }, secrets, username }: Scene) => {
      const tokens = [held.idToken, held.accessToken, ...[...secrets].filter(isToken)];
      const pieces = tokens
        .flatMap((token) => token.split('.'))
        .filter(({ length }) => length > 40);
      for (const line of world.proxy.log.map((each) => JSON.stringify(each))) {
        const piece = pieces.find((each) => line.includes(each));
        if (piece !== undefined) throw new Error(`the log holds a token: ${line}`);
        if (line.includes(held.sub) && line.includes(username)) {
          throw new Error(`the log joins a user to a pseudonym: ${line}`);
        }
      }
    },
  },
];

function isToken(secret: string): boolean {
  return secret.length > 60 && !secret.includes(' ');
}
