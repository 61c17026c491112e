import fc from 'fast-check';
import { parse } from 'parse5';
import type { DefaultTreeAdapterTypes } from 'parse5';
import { expect, test } from 'vitest';

import { AdminProblem } from '../../../src/admin/problems.ts';
import { barChart } from '../../../src/dashboard/chart.ts';
import { fieldViews, type Field } from '../../../src/dashboard/fields.ts';
import { phaseBadge, shownOnce, table, time } from '../../../src/dashboard/parts.ts';
import { problemView } from '../../../src/dashboard/problem-view.ts';

/*
 * Names, reasons and what clients sent are shown beside buttons that move users. Whatever is in
 * them, it must be text: no element and no attribute that the page did not have without it.
 */

type Node = DefaultTreeAdapterTypes.Node;

/** The elements of a page with the names of their attributes, in their order. */
function shapeOf(node: Node): string {
  const name =
    'tagName' in node ? `<${node.tagName} ${node.attrs.map((each) => each.name).join()}>` : '';
  return name + ('childNodes' in node ? node.childNodes.map(shapeOf).join('') : '');
}

const FIELD: Field = { name: 'name', label: 'Name', kind: 'text' };

/** Parts of pages, each with a text of somebody else in it. */
const PARTS: readonly ((text: string) => unknown)[] = [
  (text) => table(text, [text], [shownOnce(text, text)] as never),
  (text) => fieldViews([{ ...FIELD, hint: text, label: text }], () => text)[0],
  (text) =>
    fieldViews([{ ...FIELD, kind: 'lines' }], () => text, [
      { at: 'name', wrong: text, right: text },
    ])[0],
  (text) => fieldViews([{ ...FIELD, kind: 'select', options: [text] }], () => text)[0],
  (text) => time(text),
  (text) => barChart('x', text, [{ label: text, value: 1 }], text),
  (text) =>
    problemView(
      new AdminProblem('conflict', text, {
        hint: text,
        mistakes: [{ at: text, wrong: text, right: text }],
      }),
    ),
  (text) => phaseBadge(text as 'public'),
];

const shaped = async (part: (text: string) => unknown, text: string): Promise<string> =>
  shapeOf(parse(String(await part(text))));

test('whatever is in a text, it adds no element and no attribute', async () => {
  const marks = fc.array(
    fc.constantFrom('<', '>', '"', "'", '&', '=', '/', ' ', '`', 'x', '<b>', '--', 'on'),
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    marks.map((parts) => parts.join('')),
  );
  const plain = await Promise.all(PARTS.map((part) => shaped(part, 'x')));
  await fc.assert(
    fc.asyncProperty(text, async (given) => {
      // An empty text, or none, may be shown in another way.
      const shown = await Promise.all(PARTS.map((part) => shaped(part, `x${given}`)));
      expect(shown).toEqual(plain);
    }),
    { numRuns: 100 },
  );
});

test('what is shown is what was given', async () => {
  const text = `<img src=x onerror="alert(1)"> & 'more'`;
  const page = parse(String(await shownOnce(text, text)));
  const textOf = (node: Node): string =>
    'value' in node ? node.value : 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';
  expect(textOf(page).split(text)).toHaveLength(3);
});
