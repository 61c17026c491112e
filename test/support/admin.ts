import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/** An operation of the OpenAPI document. */
export interface DocumentedOperation {
  readonly operationId: string;
  readonly 'x-scope': 'read' | 'operate' | 'privacy' | null;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: 'path' | 'query' | 'header';
    readonly required: boolean;
    readonly schema: object;
  }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: object }>>;
  };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** What came back. */
export interface AdminAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

export interface AdminRequest {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: the one that the client was made with; null: none. */
  readonly token?: string | null;
}

/** Uses the admin API, and holds every answer to what the served document says of it. */
export class AdminClient {
  readonly document: OpenApiDocument;
  readonly #url: string;
  readonly #token: string;
  readonly #ajv: Ajv2020;
  readonly #judges = new Map<string, ValidateFunction>();

  private constructor(url: string, token: string, document: OpenApiDocument) {
    this.document = document;
    this.#url = url;
    this.#token = token;
    this.#ajv = new Ajv2020({ strict: false, validateFormats: false });
    this.#ajv.addSchema({ ...document, $id: 'api' });
  }

  /** With the document that is served there. */
  static async open(url: string, token: string): Promise<AdminClient> {
    const answer = await fetch(`${url}/admin/v1/openapi.json`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return new AdminClient(url, token, (await answer.json()) as OpenApiDocument);
  }

  /** Every operation, with its address as it is documented. */
  operations(): readonly { method: string; path: string; operation: DocumentedOperation }[] {
    return Object.entries(this.document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
    );
  }

  /** `path` below `/admin/v1`. Throws where the answer is not as documented. */
  async call(method: string, path: string, request: AdminRequest = {}): Promise<AdminAnswer> {
    const { body, headers, token = this.#token } = request;
    const answer = await fetch(`${this.#url}/admin/v1${path}`, {
      method,
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const told = { status: answer.status, headers: answer.headers, text };
    this.#judge(method, path, told);
    const isJson = /^application\/(?:problem\+)?json$/.test(
      answer.headers.get('content-type') ?? '',
    );
    const parsed: unknown = isJson && text !== '' ? JSON.parse(text) : {};
    return { ...told, body: parsed as Record<string, unknown> };
  }

  #judge(method: string, path: string, { status, headers, text }: Omit<AdminAnswer, 'body'>): void {
    const said = `${method} ${path} ${status}: ${text.slice(0, 500)}`;
    if (headers.get('cache-control') !== 'no-store') throw new Error(`cached: ${said}`);
    if (headers.get('access-control-allow-origin') !== null) throw new Error(`CORS: ${said}`);
    if ((headers.get('x-request-id') ?? '') === '') throw new Error(`no request id: ${said}`);
    const type = headers.get('content-type')?.split(';')[0] ?? '';
    const found = this.#find(method.toLowerCase(), path.split('?')[0] ?? '');
    if (status >= 400) {
      if (type !== 'application/problem+json') throw new Error(`no problem: ${said}`);
      this.#mustFit('#/components/schemas/Problem', text, said);
      if (found === undefined || found.operation.responses[status] !== undefined) return;
      throw new Error(`undocumented status: ${said}`);
    }
    if (found === undefined) return;
    const content = found.operation.responses[status]?.content;
    if (found.operation.responses[status] === undefined) throw new Error(`undocumented: ${said}`);
    if (content === undefined) {
      if (text !== '') throw new Error(`a body: ${said}`);
      return;
    }
    if (content[type] === undefined) throw new Error(`media type ${type}: ${said}`);
    const schema = content[type].schema as { $ref?: string };
    if (schema.$ref !== undefined) this.#mustFit(schema.$ref, text, said);
  }

  #mustFit(ref: string, text: string, said: string): void {
    let judge = this.#judges.get(ref);
    if (judge === undefined) {
      judge = this.#ajv.compile({ $ref: `api${ref}` });
      this.#judges.set(ref, judge);
    }
    if (judge(JSON.parse(text))) return;
    throw new Error(`${said} does not fit: ${this.#ajv.errorsText(judge.errors)}`);
  }

  #find(method: string, path: string) {
    return this.operations()
      .filter((each) => each.method === method)
      .find((each) => {
        const pattern = each.path.replace('/admin/v1', '').replaceAll(/\{\w+\}/g, '[^/]+');
        return new RegExp(`^${pattern}$`).test(path);
      });
  }
}
