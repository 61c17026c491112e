import type { RequestHandler } from 'express';
import { Refusal } from '../errors.ts';

/**
 * Requests that one endpoint works on at a time, in one process. At a few hundred answers a
 * second the last of them waits for about a second; whoever comes beyond it comes again sooner
 * than it would be answered.
 */
const MOST_AT_ONCE = 500;

/**
 * Lets a request in whose body is there, and refuses it while the endpoint has its hands full.
 * Each endpoint counts for itself: tokens that wait for a slow provider leave room for all else.
 *
 * @throws Refusal `overloaded`
 */
export function admission(): RequestHandler {
  let inHand = 0;
  return (_request, response, next) => {
    if (inHand >= MOST_AT_ONCE) throw new Refusal('overloaded', `${inHand} in hand`);
    inHand += 1;
    response.once('close', () => {
      inHand -= 1;
    });
    next();
  };
}
