import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Tokens } from '../../demo/vendor/relying-party.ts';
import { Browser } from '../support/browser.ts';
import { jsonIn, withJson } from '../support/upstream/answer.ts';
import { altered } from '../support/upstream/faults.ts';
import type { TalkativeWorld } from './scenario.ts';
import { logIn, talkativeWorld, visitBoth } from './scenario.ts';

/*
 * Whoever reads the log must not be able to join a user to a pseudonym, nor use
 * anything in it as a credential. The upstream may put a token into the words of
 * an error, and those words go to the log.
 */
describe('what the log says after logins and failures', () => {
  let talkative: TalkativeWorld;
  let tokens: readonly Tokens[];
  const lines = (): readonly string[] =>
    talkative.world.proxy.log.map((line) => JSON.stringify(line));

  beforeAll(async () => {
    talkative = await talkativeWorld();
    tokens = [...(await visitBoth(talkative)).tokens.values()].flat();
    const { accessToken } = tokens[0] ?? { accessToken: '' };
    talkative.world.upstream.faults.arm(
      'token',
      altered((answer) => {
        const { access_token: upstreamToken } = jsonIn(answer);
        const words = `alice may not use ${String(upstreamToken)} nor ${accessToken}`;
        const body = { error: 'invalid_grant', error_description: words };
        return { ...withJson(answer, body), status: 400 };
      }),
    );
    await logIn(talkative.world, 'acme', new Browser()).catch(() => undefined);
  });
  afterAll(() => talkative.close());

  it('holds a line for what was refused, with a request id', () => {
    const refused = talkative.world.proxy.log.filter((line) => line['msg'] === 'refused');
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatchObject({ reason: 'code_invalid' });
    expect(refused[0]?.['requestId']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('holds no token, neither ours nor the upstream’s', () => {
    const given = tokens.flatMap((each) => [each.idToken, each.accessToken, each.refreshToken]);
    const issued = [...talkative.secrets].filter((secret) => secret.length > 60);
    expect(issued.length).toBeGreaterThan(4);
    const pieces = [...given, ...issued].flatMap((token) => token?.split('.') ?? []);
    const telling = pieces.filter((piece) => piece.length > 40);
    expect(lines().filter((line) => telling.some((piece) => line.includes(piece)))).toEqual([]);
  });

  it('holds no local subject together with its pseudonym', () => {
    const pseudonyms = tokens.map(({ claims }) => String(claims['sub']));
    const joined = lines().filter((line) => pseudonyms.some((sub) => line.includes(sub)));
    expect(joined).toEqual([]);
  });
});
