import { createMappingToken } from '../../src/operations/mapping-tokens.ts';
import { ask, members } from './by-hand.ts';
import type { Answer } from './by-hand.ts';
import type { TestProxy } from './proxy.ts';
import { operationsOf } from './registration.ts';

/** A token with which the vendor of a client asks for the new subjects of its users. */
export async function mappingToken(
  proxy: TestProxy,
  clientId: string,
  clock = (): Date => new Date(),
): Promise<string> {
  const context = { ...operationsOf(proxy), clock };
  const { token } = await createMappingToken(context, { clientId, days: 1 }, { actor: 'test' });
  return token;
}

/** Posts old subjects, or whatever else is sent as such. */
export function askMapping(
  proxy: TestProxy,
  token: string | undefined,
  body: unknown,
  query = '',
): Promise<Answer> {
  return ask(`${proxy.issuer}/oidc/mapping${query}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** What an answer says of each subject, in its order. */
export function mapped(answer: Answer): readonly (string | null)[] {
  const { subjects } = members(answer) as { subjects: { sub: string | null }[] };
  return subjects.map(({ sub }) => sub);
}
