import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { PassThrough } from 'node:stream';

import { describe, expect, test } from 'vitest';

import packageJson from '../../../package.json' with { type: 'json' };
import { runCli } from '../../../src/cli/program.ts';
import { documents, read, ROOT } from './documents.ts';

const all = documents().map((path) => [path, read(path)] as const);

describe('links', () => {
  test.each(all)('of %s lead to files and headings that exist', (path, text) => {
    const dead = targetsIn(text).filter((target) => !leadsSomewhere(path, target));
    expect(dead).toEqual([]);
  });
});

describe('files and folders named in', () => {
  test.each(all.filter(([path]) => !path.startsWith('docs/decisions/')))(
    '%s exist',
    (_path, text) => {
      const named = [...text.matchAll(/`((?:src|test|docs|migrations|demo|bin)\/[\w./-]+)`/g)];
      const missing = named.map(([, name = '']) => name).filter((name) => !exists(name));
      expect(missing).toEqual([]);
    },
  );
});

describe('npm scripts named in', () => {
  test.each(all)('%s exist', (_path, text) => {
    const named = [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(test|start)\b)/g)];
    const missing = named
      .map(([, script, builtIn]) => script ?? builtIn ?? '')
      .filter((script) => !Object.hasOwn(packageJson.scripts, script));
    expect(missing).toEqual([]);
  });
});

describe('commands named in', () => {
  test.each(all)('%s exist, with their options', async (_path, text) => {
    for (const command of commandsIn(text)) await mustExist(command);
  });

  test('the documents are found', () => {
    const named = all.flatMap(([, text]) => commandsIn(text));
    expect(named.length).toBeGreaterThan(10);
  });
});

/** The targets of links in prose, as they stand; addresses of other places left out. */
function targetsIn(text: string): readonly string[] {
  const prose = withoutCode(text);
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

function leadsSomewhere(from: string, target: string): boolean {
  const [file = '', heading] = target.split('#');
  const path = file === '' ? from : normalize(join(dirname(from), file));
  if (!exists(path)) return false;
  return heading === undefined || anchorsOf(read(path)).includes(heading);
}

/** The anchors that headings get: lower case, no punctuation, hyphens for blanks. */
function anchorsOf(text: string): readonly string[] {
  return [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[^]*?^```/gm, '');
}

function exists(path: string): boolean {
  return existsSync(join(ROOT, path));
}

/** What follows `pairwise-proxy` where it stands as a command: in code, at a line's beginning. */
function commandsIn(text: string): readonly (readonly string[])[] {
  const code = [
    ...[...text.matchAll(/^```\w*\n([^]*?)^```/gm)].map(([, block = '']) => block),
    ...[...withoutCode(text).matchAll(/`([^`]+)`/g)].map(([, span = '']) => span),
  ].join('\n');
  return [...code.matchAll(/^(?:\$ )?(?:npx )?pairwise-proxy((?: +[^\s#]+)+)/gm)]
    .map(([, rest = '']) => rest.trim().split(/\s+/))
    .filter(([first = '']) => /^[a-z-]/.test(first));
}

/** Asks the program itself for the help of a command, and looks its options up there. */
async function mustExist(command: readonly string[]): Promise<void> {
  const [name = ''] = command;
  const options = command.flatMap((word) => /^--?[a-z][a-z-]*/.exec(word)?.[0] ?? []);
  if (name.startsWith('-')) {
    expect(await helpOf([])).toContain(name);
    return;
  }
  let help = await helpOf([name]);
  expect(help, `pairwise-proxy ${name}`).toContain(`Usage: pairwise-proxy ${name}`);
  for (let depth = 2; help.includes('\nCommands:'); depth += 1) {
    const path = command.slice(0, depth);
    if (path.length < depth || !/^[a-z]/.test(path.at(-1) ?? '')) break;
    help = await helpOf(path);
    expect(help, command.join(' ')).toContain(`Usage: pairwise-proxy ${path.join(' ')}`);
  }
  for (const option of options) expect(help, command.join(' ')).toContain(option);
}

async function helpOf(words: readonly string[]): Promise<string> {
  const stdout = new PassThrough();
  await runCli({
    argv: [...words, '--help'],
    environment: {},
    stdin: new PassThrough(),
    stdout,
    stderr: new PassThrough(),
    serve: () => Promise.reject(new Error('not to be served')),
  });
  return String(stdout.read() ?? '');
}
