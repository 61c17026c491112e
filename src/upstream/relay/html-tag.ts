import type { RewritingStream } from 'parse5-html-rewriting-stream';

import { escapeAttribute } from './escapes.ts';

interface Place {
  readonly startOffset: number;
  readonly endOffset: number;
}
type StartTag = Parameters<RewritingStream['emitStartTag']>[0];

/** An attribute: its decoded value, and where its source stands in the tag's. */
export interface Attribute {
  readonly name: string;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** The attributes of a tag, in order. */
export function attributesOf(tag: StartTag, raw: string): Attribute[] {
  // The parser's types leave out what it does for start tags.
  const location = tag.sourceCodeLocation as
    (Place & { readonly attrs?: Readonly<Record<string, Place>> }) | null | undefined;
  return tag.attrs.map(({ name, prefix, value }) => {
    const full = prefix === undefined || prefix === '' ? name : `${prefix}:${name}`;
    const place = location?.attrs?.[full] ?? location?.attrs?.[name];
    const offset = location?.startOffset ?? 0;
    const start = place === undefined ? raw.length : place.startOffset - offset;
    return {
      name: full,
      value,
      start,
      end: place === undefined ? raw.length : place.endOffset - offset,
    };
  });
}

/** The tag's source with some values exchanged; what stays, stays octet by octet. */
export function withAttributes(
  raw: string,
  attributes: readonly Attribute[],
  changed: ReadonlyMap<string, string>,
): string {
  let output = '';
  let end = 0;
  for (const attribute of attributes.toSorted((a, b) => a.start - b.start)) {
    const value = changed.get(attribute.name);
    if (value === undefined) continue;
    output += `${raw.slice(end, attribute.start)}${attribute.name}="${escapeAttribute(value)}"`;
    end = attribute.end;
  }
  return output + raw.slice(end);
}
