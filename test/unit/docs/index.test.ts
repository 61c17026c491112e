import { dirname, normalize } from 'node:path';

import { expect, test } from 'vitest';

import { documents, read } from './documents.ts';

const INDEX = 'docs/README.md';

const listed = [...read(INDEX).matchAll(/\]\(([^()#\s]+)/g)].map(([, target = '']) =>
  normalize(`${dirname(INDEX)}/${target}`),
);

/** Runbooks and decisions have lists of their own. */
const pages = documents().filter((path) => /^docs\/[^/]+\.md$/.test(path) && path !== INDEX);

test.each(pages)('the index of the documents lists %s', (path) => {
  expect(listed).toContain(path);
});
