import { expect, test } from 'vitest';

import { parse } from 'yaml';

import { readRegistrations } from '../../../src/vendors/registration.ts';
import { marked, quoted, read, rowsOf } from './documents.ts';

const examples = rowsOf(marked(read('docs/sectors.md'), 'examples'));

test('there are examples', () => {
  expect(examples.length).toBeGreaterThan(15);
});

test.each(examples)('%s %s: %s', (uris, also, outcome) => {
  const given = quoted(also ?? '').map((member) => parse(member) as Record<string, unknown>);
  const { one_sector: oneSector = false, ...members } = Object.assign({}, ...given) as Record<
    string,
    unknown
  >;
  const secret = 'a secret of the examples, long enough';
  const { clients, problems } = readRegistrations(
    {
      vendors: [
        {
          id: 'acme',
          one_sector: oneSector,
          clients: [
            {
              client_id: 'app',
              client_secret: secret,
              upstream: { client_id: 'legacy-app', client_secret: `${secret} upstream` },
              redirect_uris: quoted(uris ?? ''),
              ...members,
            },
          ],
        },
      ],
    },
    { env: () => undefined, file: () => '' },
  );
  if (outcome === 'refused') {
    expect(clients).toEqual([]);
    const refused = problems.map(({ path }) => path.findLast((part) => typeof part === 'string'));
    expect(refused).toEqual([
      expect.stringMatching(/^(redirect_uris|sector|sector_identifier_uri)$/),
    ]);
  } else {
    expect(problems).toEqual([]);
    expect(clients[0]?.settings.sector).toBe(quoted(outcome ?? '')[0]);
  }
});
