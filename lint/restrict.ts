import type { OxlintOverride } from 'oxlint';

import { LIBRARIES } from './directions.ts';
import type { Direction } from './directions.ts';

interface Pattern {
  readonly group?: string[];
  readonly regex?: string;
  readonly importNames?: string[];
  readonly allowTypeImports?: boolean;
  readonly message: string;
}

const GLOBALS_OF_THE_WORLD = [
  ...['fetch', 'WebSocket', 'process', 'performance'],
  ...['setTimeout', 'setInterval', 'setImmediate'],
];

/** One line of the directions as an override of the linter's configuration. */
export function restrict(direction: Direction): OxlintOverride {
  // oxlint drops what any group says of an import that some group lets through by a
  // negation, so there is one group only; everything else is a regex.
  const patterns = [
    { regex: '^\\.{1,2}/(.*/)?(index|utils?)(\\.ts$|/)', message: 'No barrel files, no utils.' },
    { regex: '^(node:)?process$', message: 'The environment only in config/.' },
    ...guardedLibraries(direction),
    ...guardedSubjects(direction),
    ...typesOnly(direction),
    known(direction),
  ];
  return {
    files: [...direction.files],
    rules: {
      'no-restricted-imports': ['error', { patterns }],
      ...(direction.pure === undefined ? {} : PURE),
    },
  };
}

const PURE = {
  'no-restricted-globals': [
    'error',
    ...GLOBALS_OF_THE_WORLD.map((name) => ({ name, message: 'This module only computes.' })),
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Date', property: 'now', message: 'The clock is an argument in a pure module.' },
    { object: 'Math', property: 'random', message: 'Randomness comes from node:crypto.' },
    ...GLOBALS_OF_THE_WORLD.map((property) => ({ object: 'globalThis', property })),
  ],
  'pairwise/no-own-clock': 'error',
} satisfies OxlintOverride['rules'];

function guardedLibraries({ libraries = [] }: Direction): Pattern[] {
  return Object.entries(LIBRARIES)
    .filter(([library]) => !libraries.some((allowed) => allowed === library))
    .map(([, { packages, place }]) => ({
      regex: `^(${packages})(/|$)`,
      message: `Only in ${place}.`,
    }));
}

function guardedSubjects({ subjects }: Direction): Pattern[] {
  if (subjects === 'mint') return [];
  const revive = subjects === 'revive' ? [] : ['reviveReleasedSubject'];
  return [
    {
      regex: '(^|/)released\\.ts$',
      importNames: ['mintReleasedSubject', ...revive],
      message: 'One entrance: subjects/ mints released subjects, protocol/ revives sealed ones.',
    },
  ];
}

function typesOnly({ up, knowsTypesOf = [] }: Direction): Pattern[] {
  return knowsTypesOf.map((path) => ({
    regex: `^${escape(up)}${escape(path).replace(/\\\*\\\*$/, '.*')}$`,
    allowTypeImports: true,
    message: `Directions: only types of ${path}.`,
  }));
}

function known({ up, knows, knowsTypesOf = [], pure }: Direction): Pattern {
  const paths = [...knows, ...knowsTypesOf].map((path) => `!${up}${path}`);
  const message = `Directions: only ${[...knows, ...knowsTypesOf].join(', ') || 'its own folder'}.`;
  if (pure === undefined) return { group: [`${up}**`, ...paths], message };
  const packages = ['node:crypto', 'node:buffer', 'node:util', ...pure].map((name) => `!${name}`);
  return { group: ['*', '!./**', ...paths, ...packages], message };
}

function escape(path: string): string {
  return path.replaceAll(/[.*]/g, '\\$&');
}
