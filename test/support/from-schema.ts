import fc from 'fast-check';

/** What of JSON Schema the documents here use. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly format?: string;
}

/** Names that the world of a test knows, and those that it does not. */
export type Names = fc.Arbitrary<string>;

/** Values that fit a schema as far as it says; texts come from `names` now and then. */
export function fitting(
  schema: JsonSchema,
  definitions: Readonly<Record<string, JsonSchema>>,
  names: Names,
): fc.Arbitrary<unknown> {
  const within = (each: JsonSchema) => fitting(each, definitions, names);
  if (schema.$ref !== undefined) {
    return within(definitions[schema.$ref.split('/').at(-1) ?? ''] ?? {});
  }
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(within));
  const { type } = schema;
  if (Array.isArray(type)) {
    return fc.oneof(...type.map((each: string) => within({ ...schema, type: each })));
  }
  if (type === 'object') return objects(schema, within);
  if (type === 'array') return fc.array(within(schema.items ?? {}), { maxLength: 3 });
  if (type === 'boolean') return fc.boolean();
  if (type === 'null') return fc.constant(null);
  if (type === 'integer' || type === 'number') {
    return fc.integer({ min: schema.minimum ?? -5, max: Math.min(schema.maximum ?? 400, 4000) });
  }
  if (type === 'string') return texts(schema, names);
  return fc.jsonValue({ maxDepth: 2 });
}

/** Values that break a schema somewhere: another type, a member too many, a text too long. */
export function breaking(
  schema: JsonSchema,
  definitions: Readonly<Record<string, JsonSchema>>,
  names: Names,
): fc.Arbitrary<unknown> {
  const odd = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom(null, '', '\u0000', '\ud800', 'x'.repeat(5000), -1, 1e308, 0.5, [], {}, [[[]]]),
    fc.string({ unit: 'binary', maxLength: 300 }),
  );
  return fc.oneof(
    odd,
    fc
      .tuple(fitting(schema, definitions, names), fc.string(), odd, fc.nat())
      .map(([value, name, other, place]) => {
        if (typeof value !== 'object' || value === null) return other;
        const members = Object.keys(value);
        const chosen =
          place % 3 === 0 ? name : (members[place % Math.max(1, members.length)] ?? name);
        return { ...value, [chosen]: other };
      }),
  );
}

function objects(
  { properties = {}, required = [] }: JsonSchema,
  within: (schema: JsonSchema) => fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  const members = Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, within(schema)]),
  );
  // Few of many members at a time, else two of them would always contradict each other.
  const optional = Object.keys(members).filter((name) => !required.includes(name));
  return fc
    .tuple(fc.record(members), fc.subarray(optional, { maxLength: Math.min(5, optional.length) }))
    .map(([all, chosen]) =>
      Object.fromEntries([...required, ...chosen].map((name) => [name, all[name]])),
    );
}

function texts({ format, minLength = 0, maxLength = 60 }: JsonSchema, names: Names) {
  if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toJSON());
  const most = Math.max(minLength, Math.min(maxLength, 60));
  return fc.oneof(
    names,
    fc.string({ minLength, maxLength: most }),
    fc.string({ unit: 'grapheme', minLength, maxLength: most }),
    fc.webUrl(),
  );
}
