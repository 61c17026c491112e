import { readFileSync } from 'node:fs';

import { beforeAll, describe, expect, test } from 'vitest';

import { run } from './command-line.ts';

const text = readFileSync(new URL('../../../docs/commands.md', import.meta.url), 'utf8');

/** What `--help` says of one command. */
interface Help {
  readonly usage: string;
  readonly options: readonly string[];
}

async function collect(
  path: readonly string[],
  into: Map<string, Help>,
): Promise<Map<string, Help>> {
  const { stdout } = await run({}, [...path, '--help']);
  const section = (name: string): string =>
    new RegExp(`\\n${name}:\\n([^]*?)(?:\\n\\n|$)`).exec(stdout)?.[1] ?? '';
  const subcommands = [...section('Commands').matchAll(/^ {2}([a-z-]+)/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help');
  if (subcommands.length === 0 || path.length === 0) {
    into.set(path.join(' '), {
      usage: /^Usage: (.*)$/m.exec(stdout)?.[1] ?? '',
      options: [...section('Options').matchAll(/^ {2}(-.*?)(?: {2,}|$)/gm)]
        .map(([, flags = '']) => flags)
        .filter((flags) => flags !== '-h, --help'),
    });
  }
  for (const name of subcommands) await collect([...path, name], into);
  return into;
}

/** The sections of the document that describe a command: those with a usage line. */
function documented(): Map<string, Help> {
  const sections = text.split(/^#{2,3} /m).slice(1);
  return new Map(
    sections.flatMap((section) => {
      const heading = section.slice(0, section.indexOf('\n'));
      const usage = /^```text\n(pairwise-proxy.*)\n```$/m.exec(section)?.[1];
      if (usage === undefined) return [];
      const options = [...section.matchAll(/^\| `(-.*?)` +\|/gm)].map(([, flags = '']) => flags);
      return [[heading === 'pairwise-proxy' ? '' : heading, { usage, options }] as const];
    }),
  );
}

describe('docs/commands.md', () => {
  let helped: Map<string, Help>;

  beforeAll(async () => {
    helped = await collect([], new Map());
  });

  test('describes the commands that --help knows, and no others', () => {
    expect([...documented().keys()].toSorted()).toEqual([...helped.keys()].toSorted());
    expect(helped.size).toBeGreaterThan(20);
  });

  test('gives each its usage and its options, and no others', () => {
    const described = documented();
    for (const [name, { usage, options }] of helped) {
      expect(described.get(name)?.usage, name).toBe(usage);
      expect(described.get(name)?.options.toSorted(), name).toEqual(options.toSorted());
    }
  });
});
