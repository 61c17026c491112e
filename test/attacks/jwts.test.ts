/*
 * A JWT says itself how it is to be read: by which algorithm, with which key, what
 * of it is critical, whether it is encrypted or compressed. Verifiers that listen to
 * it have been talked into other algorithms and into keys of the attacker's, made to
 * fetch what he names, to inflate and to descend without end (RFC 8725 2 and 3, RFC
 * 7515 4.1, RFC 7516 4.1.3). Here each of these is tried wherever a JWT comes in.
 */
import { generateKeyPairSync } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { handMadeJws } from '../support/hand-made-jws.ts';
import { JWT_ATTACKS } from '../support/jwt-attacks.ts';
import type { GoodJwt } from '../support/jwt-attacks.ts';
import type { Entering, Entrance } from '../support/jwt-entrances.ts';
import { openEntrances } from '../support/jwt-entrances.ts';
import type { Listening } from '../support/listen.ts';
import { listen } from '../support/listen.ts';
import { expectServing } from '../support/refused.ts';
import type { World } from '../support/world.ts';

const NAMES = [
  'a client assertion',
  'a request object',
  'a DPoP proof',
  'an ID token as a hint at logout',
  'a logout token of the upstream',
  'an ID token of the upstream',
  'signed userinfo of the upstream',
] as const;

let world: World;
let entrances: readonly Entrance[];
let attacker: Listening;
let fetched = 0;
const proxyKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
beforeAll(async () => {
  attacker = await listen((_request, response) => {
    fetched += 1;
    response.end('{"keys":[]}');
  });
  const opened = await openEntrances();
  ({ world } = opened);
  entrances = await opened.entrances();
});
afterAll(async () => {
  await world.close();
  await attacker.close();
});

it('every entrance is looked at', () => {
  expect(entrances.map(({ name }) => name)).toEqual(NAMES);
});

describe.each(NAMES)('%s', (name) => {
  const entrance = (): Entrance => entrances.find((each) => each.name === name) as Entrance;
  const asItShouldBe = ({ header, claims, privateKey }: Entering): string =>
    privateKey === undefined
      ? (entrance().asIssued ?? '')
      : handMadeJws(header, claims, privateKey);
  const asGood = (good: Entering): GoodJwt => ({
    ...{ ...good, proxyKey },
    attackerUrl: `http://127.0.0.1:${attacker.port}`,
  });

  it('is taken as it should be', async () => {
    const answer = await entrance().present(asItShouldBe);
    expect(answer.taken, String(answer.status)).toBe(true);
  });

  it.each(['=', '==', '.'])('has one spelling: it is none with %j behind it', async (more) => {
    const { taken } = await entrance().present((good) => `${asItShouldBe(good)}${more}`);
    expect(taken).toBe(false);
  });

  it('is refused made in any other way, and nothing that it names is fetched', async () => {
    const { ownKey, good } = entrance();
    const possible = JWT_ATTACKS.filter(
      ({ by }) =>
        !(by === 'stranger' && ownKey === true) &&
        !(by === 'signer' && good().privateKey === undefined),
    );
    expect(possible.length).toBeGreaterThan(20);
    for (const attack of possible) {
      const { taken, status } = await entrance().present((each) => attack.make(asGood(each)));
      expect(taken, attack.name).toBe(false);
      // 413 and 431: too long to be looked at.
      expect([400, 401, 303, 413, 431, 502], `${attack.name}: ${status}`).toContain(status);
    }
    expect(fetched, 'requests to what a JWT names').toBe(0);
    const failures = world.proxy.log.filter(({ reason }) => reason === 'unexpected');
    expect(failures).toEqual([]);
    await expectServing(world.proxy);
  });
});
