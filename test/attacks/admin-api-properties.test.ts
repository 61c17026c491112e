import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ADMIN_SCOPES } from '../../src/operations/admin-tokens.ts';
import { createAdminWorld, type AdminWorld } from '../support/admin-world.ts';
import type { AdminAnswer, DocumentedOperation } from '../support/admin.ts';
import { breaking, fitting, type JsonSchema } from '../support/from-schema.ts';

/**
 * Every operation of the OpenAPI document is sent what fits it, and what does not: names of things
 * that are there and that are not, broken bodies, queries and headers. Whatever comes, the proxy does
 * not fail, and each answer is one that the document promises. `ADMIN_API_RUNS` sets how often.
 */
const RUNS = Number(process.env['ADMIN_API_RUNS'] ?? 12);

const names = fc.constantFrom(
  ...[
    'acme',
    'bolt',
    'acme-web',
    'bolt-web',
    'acme.example',
    'alice',
    'nova',
    'nova-web',
    '*',
    '1',
  ],
);

describe.each(['sqlite', 'mysql'] as const)('on %s', (dialect) => {
  let world: AdminWorld;
  const tokens: string[] = [];

  beforeAll(async () => {
    world = await createAdminWorld(dialect);
    // So many, because each has its number of requests a minute.
    for (let turn = 0; turn < 10; turn += 1) {
      tokens.push(await world.token(`fuzz-${turn}`, ADMIN_SCOPES));
    }
  });
  afterAll(() => world.close());

  test('no request makes the proxy fail, and each answer is as documented', async () => {
    const definitions = world.api.document.components.schemas as Record<string, JsonSchema>;
    const seen = new Map<string, Set<number>>();
    let turn = 0;
    for (const { method, path, operation } of world.api.operations()) {
      const statuses = new Set<number>();
      seen.set(operation.operationId, statuses);
      const property = fc.asyncProperty(requests(operation, definitions), async (request) => {
        turn += 1;
        const token = tokens[turn % tokens.length] ?? '';
        const answer = await send(method, path, { ...request, token });
        statuses.add(answer.status);
        expect(answer.status, answer.text).toBeLessThan(500);
      });
      await fc.assert(property, { numRuns: dialect === 'sqlite' ? RUNS : Math.ceil(RUNS / 2) });
    }
    // A generator that only ever makes nonsense would prove little.
    const fruitful = [...seen.values()].filter((statuses) => [...statuses].some((s) => s < 300));
    expect(fruitful.length).toBeGreaterThan(seen.size / 3);
    expect((await world.api.call('GET', '/audit/verify')).body['intact']).toBe(true);
  }, 300_000);

  interface Sent {
    readonly parameters: Readonly<Record<string, unknown>>;
    readonly body: unknown;
    readonly token: string;
    readonly in: Readonly<Record<string, 'path' | 'query' | 'header'>>;
  }

  function send(method: string, path: string, sent: Sent): Promise<AdminAnswer> {
    const query = new URLSearchParams();
    const headers: Record<string, string> = {};
    let address = path.replace('/admin/v1', '');
    for (const [name, value] of Object.entries(sent.parameters)) {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      if (sent.in[name] === 'query') query.set(name, text);
      // Other bytes never reach a server: a client cannot send them in a header.
      else if (sent.in[name] === 'header') headers[name] = text.replaceAll(/[^\x21-\x7e]/g, '~');
      else address = address.replace(`{${name}}`, () => segment(text));
    }
    const search = query.size === 0 ? '' : `?${query.toString()}`;
    const { token, body } = sent;
    return world.api.call(method.toUpperCase(), `${address}${search}`, {
      ...{ token, headers },
      ...(body !== undefined && { body }),
    });
  }
});

/** As a part of a path; what a client would resolve itself (RFC 3986 5.2.4) never reaches a server. */
function segment(text: string): string {
  return ['', '.', '..'].includes(text) ? '%20' : encodeURIComponent(text.toWellFormed());
}

function requests(
  operation: DocumentedOperation,
  definitions: Readonly<Record<string, JsonSchema>>,
) {
  const from = (schema: JsonSchema) =>
    fc.oneof(
      { weight: 3, arbitrary: fitting(schema, definitions, names) },
      { weight: 1, arbitrary: breaking(schema, definitions, names) },
    );
  const places = Object.fromEntries(operation.parameters.map((each) => [each.name, each.in]));
  const parameters = operation.parameters.map(({ name, in: place, schema }) => {
    if (place === 'path') return [name, fc.oneof({ weight: 4, arbitrary: names }, from(schema))];
    if (name === 'If-Match') return [name, fc.constantFrom('*', '"1"', '"3-1"', 'x', undefined)];
    if (name === 'cursor') return [name, fc.constantFrom(undefined, 'MTox', 'MTphY21l', 'x')];
    const value = from(schema);
    return [name, fc.option(value, { nil: undefined, freq: 2 })];
  });
  const content = operation.requestBody?.content['application/json']?.schema;
  return fc
    .record({
      parameters: fc.record(
        Object.fromEntries(parameters) as Record<string, fc.Arbitrary<unknown>>,
      ),
      body: content === undefined ? fc.constant(undefined) : from(content),
    })
    .map(({ parameters: given, body }) => ({
      ...{ body, in: places },
      parameters: Object.fromEntries(
        Object.entries(given).filter(([, value]) => value !== undefined),
      ),
    }));
}
