import { parse } from 'parse5';
import type { DefaultTreeAdapterTypes } from 'parse5';

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

/** A form as a browser would submit it untouched. */
export interface Form {
  readonly action: URL;
  readonly method: 'GET' | 'POST';
  readonly fields: Readonly<Record<string, string>>;
}

function* elementsIn(node: Node, name: string): Generator<Element> {
  if ('tagName' in node && node.tagName === name) yield node;
  if ('childNodes' in node) {
    for (const child of node.childNodes) yield* elementsIn(child, name);
  }
}

function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((attr) => attr.name === name)?.value;
}

/** The forms of an HTML page, actions resolved against the page's address. */
export function formsIn(html: string, base: URL): Form[] {
  return [...elementsIn(parse(html), 'form')].map((form) => {
    const fields: Record<string, string> = {};
    for (const input of elementsIn(form, 'input')) {
      const name = attribute(input, 'name');
      if (name !== undefined) fields[name] = attribute(input, 'value') ?? '';
    }
    return {
      action: new URL(attribute(form, 'action') ?? base.href, base),
      method: attribute(form, 'method')?.toLowerCase() === 'post' ? 'POST' : 'GET',
      fields,
    };
  });
}
