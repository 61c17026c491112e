import { Transform } from 'node:stream';
import type { TransformCallback } from 'node:stream';

import { Refusal } from '../../errors.ts';
import type { RelayAnswer, RelayPolicy } from './policy.ts';
import { mayHoldResponse, replaceResponses } from './responses.ts';
import { LONGEST_ADDRESS, type AddressText } from './url-text.ts';

/** Longest word (text without blanks, quotes, brackets) that is looked at whole, in octets. */
const LONGEST_WORD = 64 * 1024;

// A word is free of blanks, controls, quotes, brackets of all kinds but `[]`, `|` and `^`.
const BREAK = /[^!#-&*-;=?-\]_a-z~-\uffff]/;
const WORDS = /[!#-&*-;=?-\]_a-z~-\uffff]+/g;
const PART_OF_URL = /[:%&\\]/;

/** What is done with one piece of text that came from the upstream. */
export interface TextRules {
  /** Turns upstream addresses into ours. */
  readonly addresses: AddressText;
  /** Finds addresses whose nested parameters must stay: federation origins. */
  readonly untouched: AddressText;
  readonly policy: RelayPolicy;
  /** Answers an authorization response found in text; logs what it blocks. */
  readonly answer: (response: URL) => Promise<RelayAnswer>;
}

/** Applies the rules to complete text (never ending inside a word). */
export async function rewriteText(text: string, rules: TextRules): Promise<string> {
  const addressed = rules.addresses.occursIn(text);
  if (!addressed && !mayHoldResponse(text)) return text;
  let output = '';
  let end = 0;
  for (const match of text.matchAll(WORDS)) {
    output += text.slice(end, match.index);
    output += await rewriteWord(match[0], rules);
    end = match.index + match[0].length;
  }
  return output + text.slice(end);
}

async function rewriteWord(word: string, rules: TextRules): Promise<string> {
  const safe = mayHoldResponse(word)
    ? await replaceResponses(word, rules.policy, rules.answer)
    : word;
  if (!rules.addresses.occursIn(safe)) return safe;
  const leaving = rules.untouched.firstIn(safe);
  if (leaving === -1) return rules.addresses.turn(safe);
  return rules.addresses.turn(safe.slice(0, leaving)) + safe.slice(leaving);
}

/**
 * Rewrites text as it streams. Octets are read as Latin-1, so that every
 * ASCII-compatible charset passes unharmed. Text is cut only where a word ends,
 * hence the way the upstream cut it into chunks makes no difference.
 *
 * Errors: `upstream_encoding` when the text is UTF-16, `upstream_malformed` for
 * a word too long to be looked at whole.
 */
export class TextRewriter extends Transform {
  readonly #rules: TextRules;
  #held = '';
  #begun = false;
  #opaque = false;

  constructor(rules: TextRules) {
    super();
    this.#rules = rules;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#take(chunk.toString('latin1'), false).then((text) => done(null, encode(text)), done);
  }

  override _flush(done: TransformCallback): void {
    this.#take('', true).then((text) => done(null, encode(text)), done);
  }

  async #take(chunk: string, last: boolean): Promise<string> {
    const whole = this.#held + chunk;
    const searched = this.#begun ? this.#held.length : 0;
    if (!this.#begun) {
      if (whole.length < 4 && !last) {
        this.#held = whole;
        return '';
      }
      this.#begun = true;
      refuseUtf16(whole);
    }
    const end = last ? whole.length : lastBreak(whole, searched) + 1;
    const complete = this.#cutLongWords(whole.slice(0, end));
    this.#held = whole.slice(end);
    if (!last) complete.push(...this.#cutHeld());
    let output = '';
    for (const piece of complete) output += await rewriteText(piece, this.#rules);
    return output;
  }

  #cutLongWords(text: string): string[] {
    const pieces: string[] = [];
    let start = 0;
    for (const match of text.matchAll(WORDS)) {
      if (match.index > 0) this.#opaque = false;
      let begin = match.index;
      const end = match.index + match[0].length;
      while (end - begin > LONGEST_WORD) {
        begin += this.#cut(text.slice(begin, begin + LONGEST_WORD));
        pieces.push(text.slice(start, begin));
        start = begin;
      }
    }
    if (BREAK.test(text)) this.#opaque = false;
    pieces.push(text.slice(start));
    return pieces;
  }

  #cutHeld(): string[] {
    const pieces: string[] = [];
    while (this.#held.length > LONGEST_WORD) {
      const cut = this.#cut(this.#held.slice(0, LONGEST_WORD));
      pieces.push(this.#held.slice(0, cut));
      this.#held = this.#held.slice(cut);
    }
    return pieces;
  }

  // Nothing but a data URI is ever this long; what else might be a URL is not
  // let through half seen.
  #cut(head: string): number {
    if (!this.#opaque && PART_OF_URL.test(head)) {
      if (!/^[^:%&\\]*data:/i.test(head)) {
        throw new Refusal('upstream_malformed', 'a word of the page is too long to be checked');
      }
      this.#opaque = true;
    }
    return this.#rules.addresses.cutBefore(head, LONGEST_WORD - LONGEST_ADDRESS);
  }
}

// Before `from` there is no break; the index after which nothing is complete.
function lastBreak(text: string, from: number): number {
  for (let index = text.length - 1; index >= from; index -= 1) {
    const character = text[index];
    if (character !== undefined && BREAK.test(character)) return index;
  }
  return -1;
}

// A byte order mark overrides the charset of the header (WHATWG Encoding 6).
function refuseUtf16(start: string): void {
  if (/^(?:\u00fe\u00ff|\u00ff\u00fe)/.test(start) || start.slice(0, 4).includes('\u0000')) {
    throw new Refusal('upstream_encoding', 'the text is not in an ASCII-compatible charset');
  }
}

function encode(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
