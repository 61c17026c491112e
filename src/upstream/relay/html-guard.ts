import { Transform, type TransformCallback } from 'node:stream';
import { RewritingStream } from 'parse5-html-rewriting-stream';

import { Refusal } from '../../errors.ts';
import { attributesOf, type Attribute, withAttributes } from './html-tag.ts';
import { isAsciiCompatible, isAsciiCompatibleCharset } from './media-types.ts';
import { redirectFrom, refreshFrom, isWeb, type RedirectRules } from './redirects.ts';
import { carriesValue, isAuthorizationResponse, NOWHERE } from './responses.ts';
import { toOurs, toTheirs } from './site.ts';

const LONGEST_TAG = 4 * 1024 * 1024;
const ADDRESSES = new Set([
  'href',
  'xlink:href',
  'src',
  'data',
  'poster',
  'background',
  'manifest',
  'ping',
  'cite',
  'longdesc',
]);
const NESTED_PAGE = /<\s*(?:form|meta|base|input|button)/i;

/** What the guard does with a page. */
export interface GuardRules extends RedirectRules {
  /** Called with what was held back, for the log. */
  readonly heldBack: (what: string) => void;
}

/**
 * Keeps a page's forms, refreshes and base on our origin, and holds back a page
 * that posts an authorization response. The rest of the page passes octet by octet.
 * It runs behind the text rewriter and sees decoded attribute values, so that no
 * spelling of an address gets past both.
 *
 * Errors: `relay_blocked` for a posted response, `upstream_malformed` for a tag
 * without end, `upstream_encoding` for a charset that cannot be searched.
 */
export class HtmlGuard extends Transform {
  readonly #rules: GuardRules;
  /** The page's address at the upstream, against which its paths are meant. */
  readonly #page: URL;
  readonly #parser = new RewritingStream();
  readonly #queue: (string | (() => Promise<string>))[] = [];
  #base: URL;
  #noscript: string | undefined;

  constructor(page: URL, rules: GuardRules) {
    super();
    this.#rules = rules;
    this.#page = page;
    this.#base = page;
    this.#parser.on('startTag', (tag, raw) => {
      this.#flushNoscript();
      if (tag.tagName === 'noscript') this.#noscript = '';
      this.#queue.push(() => this.#guardTag(tag.tagName, raw, attributesOf(tag, raw)));
    });
    this.#parser.on('endTag', (_tag, raw) => {
      this.#flushNoscript();
      this.#queue.push(raw);
    });
    this.#parser.on('text', (_text, raw) => {
      if (this.#noscript === undefined) this.#queue.push(raw);
      else this.#noscript += raw;
    });
    this.#parser.on('comment', (_comment, raw) => this.#queue.push(raw));
    this.#parser.on('doctype', (_doctype, raw) => this.#queue.push(raw));
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#parse(chunk.toString('latin1')).then((output) => done(null, output), done);
  }

  override _flush(done: TransformCallback): void {
    this.#finish().then((output) => done(null, output), done);
  }

  async #parse(text: string): Promise<Buffer> {
    await new Promise<void>((resolve, reject) => {
      this.#parser.write(text, 'latin1', (error) => (error == null ? resolve() : reject(error)));
    });
    const { html } = this.#parser['tokenizer'].preprocessor;
    if (html.length > LONGEST_TAG || (this.#noscript?.length ?? 0) > LONGEST_TAG) {
      throw new Refusal('upstream_malformed', 'a tag of the page has no end');
    }
    return this.#drain();
  }

  async #finish(): Promise<Buffer> {
    await new Promise<void>((resolve, reject) => {
      this.#parser.once('error', reject);
      this.#parser.end(resolve);
    });
    this.#flushNoscript();
    return this.#drain();
  }

  async #drain(): Promise<Buffer> {
    let output = '';
    for (const piece of this.#queue.splice(0)) {
      output += typeof piece === 'string' ? piece : await piece();
    }
    return Buffer.from(output, 'latin1');
  }

  // To a browser without scripts, what stands in <noscript> is page like the rest.
  #flushNoscript(): void {
    const text = this.#noscript;
    this.#noscript = undefined;
    if (text !== undefined && text !== '') this.#queue.push(() => this.#guardFragment(text));
  }

  async #guardFragment(html: string): Promise<string> {
    const guard = new HtmlGuard(this.#base, this.#rules);
    const start = await guard.#parse(html);
    return Buffer.concat([start, await guard.#finish()]).toString('latin1');
  }

  async #guardTag(name: string, raw: string, attributes: readonly Attribute[]): Promise<string> {
    const values = new Map(attributes.map((attribute) => [attribute.name, attribute.value]));
    if (name === 'input') this.#refuseTokens(values);
    const changed = new Map<string, string>();
    // A rewritten script no longer has the digest of the upstream's.
    if (values.has('integrity') && this.#isRelayed(values)) changed.set('integrity', '');
    for (const { name: attribute, value } of attributes) {
      const guarded = await this.#guardValue(name, attribute, value, values);
      if (guarded !== value) changed.set(attribute, guarded);
    }
    return withAttributes(raw, attributes, changed);
  }

  async #guardValue(
    tag: string,
    attribute: string,
    value: string,
    all: ReadonlyMap<string, string>,
  ): Promise<string> {
    if (tag === 'meta') return this.#guardMeta(attribute, value, all);
    if (attribute === 'referrerpolicy') return 'no-referrer';
    if (tag === 'base' && attribute === 'href') return this.#guardBase(value);
    if (attribute === 'action' || attribute === 'formaction') return this.#guardForm(value);
    if (attribute === 'srcdoc' && NESTED_PAGE.test(value)) {
      return this.#withhold('a page inside a page', '');
    }
    if (attribute === 'srcset' || attribute === 'imagesrcset') return this.#prefixedList(value);
    return ADDRESSES.has(attribute) ? this.#guardAddress(value) : value;
  }

  #refuseTokens(values: ReadonlyMap<string, string>): void {
    const name = values.get('name')?.toLowerCase();
    if (name === 'id_token' || name === 'access_token' || name === 'refresh_token') {
      throw new Refusal('relay_blocked', `a page with a field ${name}`);
    }
  }

  async #guardMeta(
    attribute: string,
    value: string,
    all: ReadonlyMap<string, string>,
  ): Promise<string> {
    const equivalent = all.get('http-equiv')?.trim().toLowerCase();
    const charset = attribute === 'charset' && !isAsciiCompatibleCharset(value);
    // A browser reads `utf-16` here as UTF-8, since it could not have read the tag.
    if (charset && !/^utf-?16/i.test(value.trim())) {
      throw new Refusal('upstream_encoding', 'the page names a charset that cannot be searched');
    }
    if (attribute !== 'content') return value;
    if (all.get('name')?.trim().toLowerCase() === 'referrer') return 'no-referrer';
    if (equivalent === 'content-type' && !isAsciiCompatible(value)) {
      throw new Refusal('upstream_encoding', 'the page names a charset that cannot be searched');
    }
    if (equivalent !== 'refresh') return value;
    const judged = await refreshFrom(value, this.#base, this.#rules);
    if (judged.kind === 'redirect') return judged.location;
    return this.#withhold(judged.detail ?? 'a refresh', '');
  }

  #guardBase(value: string): string {
    const url = URL.parse(value, this.#base.href);
    const ours = url !== null && isWeb(url) ? toOurs(url, this.#rules.site) : undefined;
    if (ours === undefined) return this.#withhold('a foreign base', '');
    this.#base = toTheirs(new URL(ours), this.#rules.site);
    return ours;
  }

  async #guardForm(value: string): Promise<string> {
    if (value.trim() === '' || /^\s*javascript:/i.test(value)) return value;
    const url = URL.parse(value, this.#base.href);
    if (url === null) return this.#withhold('a form to no URL', NOWHERE);
    if (this.#rules.policy.isRedirectTarget(url) || this.#carriesAway(url)) {
      throw new Refusal('relay_blocked', `a form to ${isWeb(url) ? url.origin : url.protocol}`);
    }
    const judged = await redirectFrom(value, this.#base, this.#rules);
    if (judged.kind === 'blocked') return this.#withhold(judged.detail ?? 'a form', NOWHERE);
    return this.#isOurs(url, value) ? this.#prefixed(value) : judged.location;
  }

  async #guardAddress(value: string): Promise<string> {
    const url = URL.parse(value, this.#base.href);
    if (url === null) return value;
    if (isAuthorizationResponse(url, this.#rules.policy)) {
      const answer = await this.#rules.text.answer(url);
      return answer.kind === 'redirect' ? answer.location : NOWHERE;
    }
    // A link back to the vendor, as some logout pages offer it.
    if (url.searchParams.has('state') && this.#rules.policy.isRedirectTarget(url)) {
      const answer = await this.#rules.answer(url);
      if (answer.kind === 'redirect') return answer.location;
    }
    if (!isWeb(url)) return value;
    if (this.#isOurs(url, value)) return this.#prefixed(value);
    const frame = this.#rules.policy.frontChannelLogout(url);
    if (frame?.kind === 'redirect') return frame.location;
    if (frame !== undefined) return this.#withhold('a front-channel logout', NOWHERE);
    // The upstream's own front-channel logout: its `sid` is the same at every vendor.
    if (url.searchParams.has('sid') && url.searchParams.has('iss')) {
      return this.#withhold('a front-channel logout', NOWHERE);
    }
    return toOurs(url, this.#rules.site) ?? value;
  }

  #isRelayed(values: ReadonlyMap<string, string>): boolean {
    const url = URL.parse(values.get('src') ?? values.get('href') ?? '', this.#base.href);
    return url !== null && toOurs(url, this.#rules.site) !== undefined;
  }

  #carriesAway(url: URL): boolean {
    return carriesValue(url) && toOurs(url, this.#rules.site) === undefined;
  }

  #isOurs(url: URL, value: string): boolean {
    return (
      url.origin === this.#rules.site.ours.origin ||
      !/^\s*(?:[a-z][a-z0-9+.-]*:|[/\\]{2})/i.test(value)
    );
  }

  // A path from the root is the upstream's; ours has the issuer's path before it.
  #prefixed(value: string): string {
    const { prefix } = this.#rules.site.ours;
    if (prefix === '' || !/^\/(?![/\\])/.test(value)) return value;
    return `${value}/`.startsWith(`${prefix}/`) ? value : prefix + value;
  }

  // A comma without a blank may stand inside a data URI.
  #prefixedList(value: string): string {
    return value
      .split(/(,\s+|^\s+)/)
      .map((part) => this.#prefixed(part))
      .join('');
  }

  #withhold(what: string, instead: string): string {
    this.#rules.heldBack(`${what} on ${this.#page.pathname}`);
    return instead;
  }
}
