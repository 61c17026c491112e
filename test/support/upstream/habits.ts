import type { IncomingMessage } from 'node:http';

import type { LegacyTokens } from '../../../demo/legacy-idp/tokens.ts';
import type { LegacyUser } from '../../../demo/legacy-idp/users.ts';
import type { Answer, UpstreamRequest } from './answer.ts';
import type { Endpoint } from './faults.ts';
import { PROFILES } from './profiles.ts';
import type { ProfileName, Quirk, Speaker } from './profiles.ts';

/** The habits of one upstream, put together from profiles in their order. */
export class Habits {
  readonly #quirks: readonly Quirk[];
  #keysServed: Answer | undefined;
  #stale: { readonly answer: Answer; left: number } | undefined;

  constructor(profiles: readonly ProfileName[]) {
    this.#quirks = profiles.map((name): Quirk => PROFILES[name]);
  }

  get issuerPath(): string {
    return this.#last('issuerPath') ?? '';
  }

  get rotatesRefreshTokens(): boolean {
    return this.#last('rotatesRefreshTokens') ?? true;
  }

  get tokens(): LegacyTokens {
    const tokens: LegacyTokens = { access: 'jwt', refresh: 'opaque' };
    return Object.assign(
      tokens,
      ...this.#quirks.map((quirk) => quirk.tokens ?? {}),
    ) as LegacyTokens;
  }

  /** What the proxy in front of it is told. */
  get environment(): Readonly<Record<string, string>> {
    return Object.assign({}, ...this.#quirks.map(({ environment }) => environment ?? {}));
  }

  /** What stands at the end of every client secret. */
  get secretEnding(): string {
    return this.#last('secretEnding') ?? '';
  }

  /** Alice as she is called here. */
  aliceOf(alice: LegacyUser): LegacyUser {
    const username = this.#last('subject');
    return username === undefined
      ? alice
      : { ...alice, username, password: `${username}-password` };
  }

  /** To be called before anything else reads the body. */
  rewriteBody(request: IncomingMessage): void {
    const rewrites = this.#quirks.flatMap(({ readsForm }) => readsForm ?? []);
    if (rewrites.length === 0) return;
    const push = request.push.bind(request);
    request.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
      if (chunk === null) return push(chunk, encoding);
      const text = Buffer.from(chunk).toString('latin1');
      return push(
        Buffer.from(
          rewrites.reduce((read, rewrite) => rewrite(read), text),
          'latin1',
        ),
      );
    };
  }

  rewriteRequest(request: IncomingMessage): void {
    for (const { reads } of this.#quirks) reads?.(request);
  }

  /** The answer where a profile has a page of its own. */
  servedBy(request: UpstreamRequest, upstream: Speaker): Answer | undefined {
    for (const { serves } of this.#quirks) {
      const answer = serves?.(request, upstream);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  /** Whether answers of an endpoint are changed at all. */
  alters(endpoint: Endpoint | undefined): endpoint is Endpoint {
    if (endpoint === undefined) return false;
    if (endpoint === 'jwks' && this.#last('staleKeyFetches') !== undefined) return true;
    return this.#quirks.some(({ answers }) => answers?.[endpoint] !== undefined);
  }

  async altered(
    endpoint: Endpoint | undefined,
    answer: Answer,
    request: UpstreamRequest,
    upstream: Speaker,
  ): Promise<Answer> {
    if (endpoint === undefined) return answer;
    let changed = endpoint === 'jwks' ? this.#keysOf(answer) : answer;
    for (const { answers } of this.#quirks) {
      changed = (await answers?.[endpoint]?.(changed, request, upstream)) ?? changed;
    }
    return changed;
  }

  /** Another key signs from now on. */
  rotated(): void {
    const left = this.#last('staleKeyFetches') ?? 0;
    if (this.#keysServed !== undefined) this.#stale = { answer: this.#keysServed, left };
  }

  #keysOf(answer: Answer): Answer {
    if (this.#stale !== undefined && this.#stale.left > 0) {
      this.#stale.left -= 1;
      return this.#stale.answer;
    }
    this.#keysServed = answer;
    return answer;
  }

  #last<Name extends keyof Quirk>(name: Name): Quirk[Name] | undefined {
    return this.#quirks.findLast((quirk) => quirk[name] !== undefined)?.[name];
  }
}

/** The provider knows itself under a path and is asked below it, as behind a mount point. */
export function mount(request: IncomingMessage, prefix: string): void {
  const url = request.url ?? '/';
  if (prefix === '' || !url.startsWith(`${prefix}/`)) return;
  Object.assign(request, { originalUrl: url, url: url.slice(prefix.length) });
}
