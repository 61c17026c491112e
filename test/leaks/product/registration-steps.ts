import { initialToken } from '../../support/registration.ts';
import { jsonIn, withJson } from '../../support/upstream/answer.ts';
import { NAMING_DESCRIPTION, altered } from '../../support/upstream/faults.ts';
import type { RecordedParty } from './recorded-party.ts';
import type { Scene, Step } from './scene.ts';

type Json = Readonly<Record<string, unknown>>;

/** A client that the vendor registers itself, here and at the upstream. */
export const REGISTRATION_STEPS: readonly Step[] = [
  {
    name: 'a registration, its address, and one that the upstream refuses',
    exits: [
      ...(['registration-members', 'registration-address'] as const),
      ...(['registration-error', 'registration-upstream'] as const),
    ],
    run: registerClient,
  },
];

async function registerClient({ world, own, secrets }: Scene): Promise<void> {
  const { party, id } = own;
  const { faults } = world.upstream;
  faults.arm(
    'registration',
    altered((answer) => {
      const made = jsonIn(answer);
      for (const name of ['client_id', 'client_secret', 'registration_access_token']) {
        if (typeof made[name] === 'string') secrets.add(made[name]);
      }
      return answer;
    }),
  );
  const token = await initialToken(world.proxy, id);
  const address = `${party.place.issuer}/oidc/register`;
  const metadata = { redirect_uris: [`https://${id}.example/registered`], client_name: id };
  const made = await send(party, 'POST', address, token, metadata);
  const managed = String(made['registration_client_uri']);
  const key = String(made['registration_access_token']);
  await send(party, 'GET', managed, key);
  await send(party, 'PUT', managed, key, { ...metadata, client_id: made['client_id'] });
  faults.arm(
    'registration',
    altered((answer) => ({
      ...withJson(answer, { error: 'invalid_redirect_uri', error_description: NAMING_DESCRIPTION }),
      status: 400,
    })),
  );
  const refused = await send(party, 'POST', address, token, metadata);
  if (typeof refused['error'] !== 'string') throw new Error('nothing was refused');
}

async function send(
  { record }: RecordedParty,
  method: string,
  address: string,
  token: string,
  metadata?: Json,
): Promise<Json> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = metadata === undefined ? {} : { body: JSON.stringify(metadata) };
  const response = await record.fetch(address, { method, headers, ...body });
  return (await response.json()) as Json;
}
