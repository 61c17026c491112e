import { expect, test } from 'vitest';

import { API_REFERENCE, apiReference } from '../../support/api-reference.ts';
import { read } from '../docs/documents.ts';

test(`${API_REFERENCE} is what \`npm run docs:api\` makes of the operations`, async () => {
  expect(read(API_REFERENCE)).toBe(await apiReference());
});
