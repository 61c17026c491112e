import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { subjectRows } from '../../../src/operations/subject-rows.ts';
import type { SubjectFormat } from '../../../src/operations/subject-rows.ts';

async function read(format: SubjectFormat, ...chunks: readonly (string | Buffer)[]) {
  const source = async function* (): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield Buffer.from(chunk);
  };
  const found = [];
  for await (const row of subjectRows(source(), format)) found.push(row);
  return found;
}

describe('users of a CSV file', () => {
  it('come with the line they stand in, and with a value where there is one', async () => {
    const file = '\uFEFFlocal_subject,sub\r\nalice,p1\r\n\r\n"b,ob",\r\n"Ça ""va""",p3\r\n';
    expect(await read('csv', file)).toEqual([
      { line: 2, localSubject: 'alice', sub: 'p1' },
      { line: 4, localSubject: 'b,ob' },
      { line: 5, localSubject: 'Ça "va"', sub: 'p3' },
    ]);
  });

  it.each([
    ['a header without the column', 'user\nalice\n', 1, 'the first line must name'],
    ['a column that nobody knows', 'local_subject,email\na,b\n', 1, 'the first line must name'],
    ['another number of cells', 'local_subject\na\nb,c\n', 3, 'another number of columns'],
    ['a stray quote', 'local_subject\na\nb"c\n', 3, 'is not CSV'],
    ['a line without end', `local_subject\n${'a'.repeat(20_000)}`, 2, 'longer than'],
  ])('end at %s', async (_what, file, line, wrong) => {
    const rows = await read('csv', file);
    expect(rows.at(-1)).toMatchObject({ line, wrong: expect.stringContaining(wrong) as string });
  });

  it('end where the file is not UTF-8, and the problem names the line', async () => {
    const file = Buffer.from('local_subject\nalice\nb\xffb\n', 'latin1');
    expect(await read('csv', file)).toEqual([{ line: 3, wrong: 'is not UTF-8' }]);
  });
});

describe('users of an NDJSON file', () => {
  it('come with the line they stand in', async () => {
    const file = '{"local_subject":"alice","sub":"p1"}\n\n{"local_subject":"bob","sub":null}';
    expect(await read('ndjson', file)).toEqual([
      { line: 1, localSubject: 'alice', sub: 'p1' },
      { line: 3, localSubject: 'bob' },
    ]);
  });

  it.each([
    ['no JSON', 'alice'],
    ['a list', '["alice"]'],
    ['a number', '{"local_subject":7}'],
    ['a member that nobody knows', '{"local_subject":"a","email":"a@x"}'],
    ['a value that is no text', '{"local_subject":"a","sub":7}'],
  ])('%s is a problem of that line, and the next is read', async (_what, line) => {
    const rows = await read('ndjson', `${line}\n{"local_subject":"bob"}\n`);
    expect(rows).toMatchObject([{ line: 1, wrong: expect.any(String) as string }, { line: 2 }]);
  });
});

it('comes out the same however the file is cut into pieces', async () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1 }), fc.nat(), async (subjects, cut) => {
      const file = Buffer.from(
        subjects.map((subject) => `${JSON.stringify({ local_subject: subject })}\n`).join(''),
      );
      const at = cut % (file.length + 1);
      const rows = await read('ndjson', file.subarray(0, at), file.subarray(at));
      expect(rows).toEqual(
        subjects.map((localSubject, index) => ({ line: index + 1, localSubject })),
      );
    }),
  );
});
