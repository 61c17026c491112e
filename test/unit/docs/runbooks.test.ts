import { describe, expect, test } from 'vitest';

import { documents, read } from './documents.ts';
import { stepsIn } from './steps.ts';

/* Under pressure every page has to be found, and to have the same places. */

const FOLDER = 'docs/runbooks/';
const INDEX = `${FOLDER}README.md`;
const pages = documents().filter((path) => path.startsWith(FOLDER) && path !== INDEX);

test('there are runbooks', () => {
  expect(pages.length).toBeGreaterThanOrEqual(9);
});

describe.each(pages)('%s', (path) => {
  test('stands in the list', () => {
    expect(read(INDEX)).toContain(`(${path.slice(FOLDER.length)})`);
  });

  test('says when to, what to do, and what to do when it differs', () => {
    const headings = [...read(path).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(['When', 'What to do', 'When it differs']);
  });

  test('has commands, each with what it prints', () => {
    const commands = stepsIn(read(path)).filter((step) => step.kind === 'command');
    expect(commands.length).toBeGreaterThan(1);
    const silent = commands.filter(({ text, prints }) => prints === '' && !text.includes('>'));
    expect(silent).toEqual([]);
  });
});
