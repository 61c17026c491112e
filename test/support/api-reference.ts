import { format } from 'prettier';

import { openApiDocument } from '../../src/admin/openapi.ts';
import { ROUTES } from '../../src/admin/routes.ts';

/** Where the reference of the admin API is kept, from the root of the checkout. */
export const API_REFERENCE = 'docs/api-reference.md';

interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly description: string;
        readonly headers?: Readonly<Record<string, { readonly description: string }>>;
        readonly content?: Content;
      }
    >
  >;
}

type Content = Readonly<Record<string, { readonly schema: Schema & { readonly $ref?: string } }>>;

interface Document {
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const HEAD = `# API reference

Every operation of the [admin API](admin-api.md), with what it takes and what it answers. This page is made
from \`/admin/v1/openapi.json\`, which is made from the schemas that judge requests: after a change,
\`npm run docs:api\`. How tokens, states, confirmations, reasons and lists work stands in
[admin API](admin-api.md#requests), and what to do about each problem in
[troubleshooting](troubleshooting.md#what-the-admin-api-says).

A dot in a name is a member of a member, \`[]\` each element of a list. What is not required may be left out.
Every answer has \`X-Request-Id\`.
`;

/** The reference as Markdown, from the OpenAPI document. */
export function apiReference(): Promise<string> {
  const document = openApiDocument(ROUTES) as unknown as Document;
  const sections = document.tags.flatMap(({ name, description }) => [
    `## ${name}\n\n${description}`,
    ...operationsOf(document, name),
  ]);
  return format([HEAD, ...sections].join('\n\n'), {
    parser: 'markdown',
    ...{ singleQuote: true, printWidth: 100 },
  });
}

function operationsOf({ paths, components }: Document, tag: string): readonly string[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { tags }]) => tags.includes(tag))
      .map(([method, operation]) => {
        const { summary, description, parameters, requestBody, responses } = operation;
        const [[status, answer] = ['', undefined], ...problems] = Object.entries(responses);
        return [
          `### ${method.toUpperCase()} ${path}`,
          `${summary}.`,
          description,
          table(
            ['parameter', 'in', 'type', 'required', ''],
            parameters.map((each) => [
              `\`${each.name}\``,
              each.in,
              typeOf(each.schema),
              each.required ? 'yes' : '',
              each.description ?? each.schema.description ?? '',
            ]),
          ),
          bodyOf('Body', requestBody?.content, components.schemas),
          `**${status}** ${answer?.description ?? ''}${headersIn(answer?.headers)}`,
          bodyOf('Answer', answer?.content, components.schemas),
          `Problems: ${problems.map(([code, { description }]) => `${code} ${codesIn(description)}`).join('; ')}.`,
        ]
          .filter((part) => part !== '')
          .join('\n\n');
      }),
  );
}

function headersIn(headers: Readonly<Record<string, unknown>> = {}): string {
  const own = Object.keys(headers).filter((name) => name !== 'X-Request-Id');
  return own.length === 0 ? '' : ` Headers: ${own.map((name) => `\`${name}\``).join(', ')}.`;
}

/** The codes of problems of one status, as their description names them. */
function codesIn(description: string): string {
  return [...description.matchAll(/`(\w+)`:/g)].map(([, code]) => `\`${code}\``).join(', ');
}

function bodyOf(
  title: string,
  content: Content | undefined,
  schemas: Document['components']['schemas'],
): string {
  const [[type, media] = ['', undefined]] = Object.entries(content ?? {});
  if (media === undefined) return '';
  const name = media.schema.$ref?.split('/').at(-1);
  const schema = name === undefined ? media.schema : (schemas[name] ?? {});
  const rows = membersOf(schema, '');
  const said = `${title}, \`${type}\`${schema.description === undefined ? '' : `: ${schema.description}`}`;
  if (rows.length === 0) return `${said}: ${typeOf(schema)}.`;
  return `${said}\n\n${table(['member', 'type', 'required', ''], rows)}`;
}

/** A row for each member, and for the members of members. */
function membersOf(schema: Schema, prefix: string): readonly (readonly string[])[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const path = `${prefix}${name}`;
    const required = schema.required?.includes(name) === true ? 'yes' : '';
    const row = [`\`${path}\``, typeOf(member), required, member.description ?? ''];
    const one = (member.anyOf ?? member.oneOf ?? []).find(hasMembers) ?? member;
    const nested = one.items === undefined ? membersOf(one, `${path}.`) : [];
    const listed = one.items === undefined ? [] : membersOf(one.items, `${path}[].`);
    return [row, ...nested, ...listed];
  });
}

function hasMembers(schema: Schema): boolean {
  return schema.properties !== undefined || schema.items?.properties !== undefined;
}

function typeOf(schema: Schema): string {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return [...new Set(choices.map(typeOf))].join(' or ');
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((one) => `\`${String(one)}\``).join(' ');
  const base = [schema.type ?? 'any']
    .flat()
    .map((type) => (type === 'array' ? `list of ${typeOf(schema.items ?? {})}` : type))
    .join(' or ');
  return [base, ...limitsOf(schema)].join(', ');
}

function limitsOf(schema: Schema): readonly string[] {
  const ofText = range(schema.minLength, schema.maxLength, ' characters');
  const ofList = range(schema.minItems, schema.maxItems, ' elements');
  // What zod says of every integer is no limit.
  const highest = schema.maximum === Number.MAX_SAFE_INTEGER ? undefined : schema.maximum;
  const lowest = schema.minimum === Number.MIN_SAFE_INTEGER ? undefined : schema.minimum;
  const preset =
    schema.default === undefined ? [] : [`default \`${JSON.stringify(schema.default)}\``];
  const format = schema.format === undefined ? [] : [schema.format];
  return [...format, ...ofText, ...ofList, ...range(lowest, highest, ''), ...preset];
}

function range(least: number | undefined, most: number | undefined, unit: string): string[] {
  if (least === undefined && most === undefined) return [];
  if (least === undefined) return [`at most ${most}${unit}`];
  return [most === undefined ? `${least} or more${unit}` : `${least} to ${most}${unit}`];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
