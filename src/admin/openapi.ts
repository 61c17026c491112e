import { z } from 'zod';

import packageJson from '../../package.json' with { type: 'json' };
import { PROBLEMS, type ProblemCode } from './problems.ts';
import { pathNames, speaksInBody, type Route } from './route.ts';
import { TAGS } from './tags.ts';

type Json = Readonly<Record<string, unknown>>;

/** Problems that every operation may answer with. */
const COMMON: readonly ProblemCode[] = [
  ...(['unauthorized', 'throttled', 'unexpected', 'unavailable'] as const),
];

const problem = z
  .strictObject({
    type: z.string().describe('Stays the same: `urn:pairwise-proxy:problem:` and the code.'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What is wrong with this request.'),
    code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
    hint: z.string().describe('What would be right, or what to do.'),
    request_id: z.string().describe('As in the header X-Request-Id, in the log and the audit log.'),
    mistakes: z
      .array(z.strictObject({ at: z.string(), wrong: z.string(), right: z.string() }))
      .optional(),
    users: z.int().optional().describe('Users whose `sub` a change of sector would change.'),
  })
  .describe('RFC 9457.');

/** The OpenAPI 3.1 document of these operations, from the schemas that judge them. */
export function openApiDocument(routes: readonly Route[]): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const each of routes) {
    const path = (paths[`/admin/v1${each.path}`] ??= {});
    path[each.method] = operationOf(each);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'pairwise-proxy admin API',
      version: packageJson.version,
      description:
        'What operators do to vendors, clients, phases and pseudonyms. Every request needs a ' +
        'bearer token; nothing here is for vendors or browsers. docs/admin-api.md tells more.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The admin listener.' }],
    security: [{ token: [] }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: '`ADMIN_TOKEN`, or a token made with `admin-token create`.',
        },
      },
      schemas: { Problem: schemaOf(problem, 'output'), ...namedSchemas(routes) },
    },
  };
}

function operationOf(each: Route): Json {
  const { answer, id, tag, summary } = each;
  const description = [
    each.description,
    each.scope === undefined ? 'Scope: any.' : `Scope: \`${each.scope}\`.`,
  ];
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: description.filter(Boolean).join('\n\n'),
    'x-scope': each.scope ?? null,
    security: [{ token: [] }],
    parameters: parametersOf(each),
    ...(each.body !== undefined && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { $ref: refTo(id, 'Request') } } },
      },
    }),
    responses: {
      [answer.status]: {
        description: answer.description,
        headers: headersOf(each),
        ...(answer.schema !== undefined && {
          content: { 'application/json': { schema: { $ref: refTo(id, 'Answer') } } },
        }),
        ...(answer.lines !== undefined && {
          content: {
            'application/x-ndjson': {
              schema: { type: 'string', description: 'One JSON object a line.' },
            },
          },
        }),
      },
      ...problemsOf(each),
    },
  };
}

function parametersOf(each: Route): readonly Json[] {
  const path = pathNames(each.path).map((name) => ({
    ...{ name, in: 'path', required: true },
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  }));
  const querySchema: QuerySchema = each.query === undefined ? {} : schemaOf(each.query, 'input');
  const { properties = {}, required = [] } = querySchema;
  const query = Object.entries(properties).map(([name, schema]) => ({
    ...{ name, in: 'query', required: required.includes(name), schema },
  }));
  return [...path, ...query, ...headerParameters(each)];
}

interface QuerySchema {
  readonly properties?: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
}

function headerParameters(each: Route): readonly Json[] {
  const header = (name: string, required: boolean, description: string, more: Json = {}) => ({
    ...{ name, in: 'header', required, description },
    schema: { type: 'string', ...more },
  });
  return [
    ...(each.needsState === true
      ? [header('If-Match', true, 'The ETag of what is changed, as it was seen; or `*`.')]
      : []),
    ...(each.needsConfirmation !== undefined && !speaksInBody(each)
      ? [header('Confirm', true, each.needsConfirmation, { enum: ['yes'] })]
      : []),
    ...(each.method === 'delete'
      ? [
          header('Audit-Reason', false, 'Why, percent-encoded; kept in the audit log.', {
            maxLength: 3000,
          }),
        ]
      : []),
    ...(each.repeats !== undefined
      ? [
          header('Idempotency-Key', false, 'The same again within 24 hours gets the same answer.', {
            ...{ minLength: 8, maxLength: 200, pattern: '^[!-~]+$' },
          }),
        ]
      : []),
  ];
}

function headersOf({ answer }: Route): Json {
  const header = (description: string) => ({ description, schema: { type: 'string' } });
  return {
    'X-Request-Id': header('Names the request in the log and the audit log.'),
    ...(answer.hasState === true && { ETag: header('The state that is shown, for If-Match.') }),
    ...(answer.status === 201 && { Location: header('Where what was made is found.') }),
  };
}

function problemsOf(each: Route): Json {
  const codes = new Set<ProblemCode>([
    ...COMMON,
    ...(each.problems ?? []),
    ...(each.scope === undefined ? [] : (['insufficient_scope'] as const)),
    ...(['request_invalid'] as const),
    ...(each.path.includes('{') ? (['request_malformed', 'unknown'] as const) : []),
    ...(each.body === undefined
      ? []
      : (['request_malformed', 'body_type', 'body_too_large'] as const)),
    ...(each.needsState === true ? (['stale', 'precondition_required'] as const) : []),
    ...(each.needsConfirmation === undefined ? [] : (['confirmation_required'] as const)),
    ...(each.repeats === undefined ? [] : (['key_in_use', 'key_reused'] as const)),
    ...(each.repeats === 'keyed_private' ? (['answer_forgotten'] as const) : []),
  ]);
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const [status] = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, those]) => [
      status,
      {
        description: those.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}`).join(' '),
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        },
      },
    ]),
  );
}

/** Requests and answers, each under the name of its operation. */
function namedSchemas(routes: readonly Route[]): Json {
  return Object.fromEntries(
    routes.flatMap(({ id, body, bodyDocument, answer }) => [
      ...(body === undefined
        ? []
        : [[`${capital(id)}Request`, schemaOf(bodyDocument ?? body, 'input')]]),
      ...(answer.schema === undefined
        ? []
        : [[`${capital(id)}Answer`, schemaOf(answer.schema, 'output')]]),
    ]),
  );
}

function refTo(id: string, what: 'Request' | 'Answer'): string {
  return `#/components/schemas/${capital(id)}${what}`;
}

function capital(id: string): string {
  return id.slice(0, 1).toUpperCase() + id.slice(1);
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    ...{ io, unrepresentable: 'any' },
    override: ({ jsonSchema }) => {
      // The pattern says the same as the format, in 300 characters.
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
    },
  });
  return rest;
}
