import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type YAMLError,
} from 'yaml';

import { RegistrationError, type Path, type Problem } from './problem.ts';

/** What a YAML text says, and where in it each thing stands. */
export interface YamlDocument {
  readonly value: unknown;
  /** Adds the line to a problem whose path leads into the document. */
  readonly located: (problem: Problem) => Problem;
}

/**
 * Reads a YAML text, and so a JSON one. What is not YAML, or holds a key twice,
 * is thrown as a {@link RegistrationError} that quotes nothing of it.
 */
export function readYaml(yaml: string): YamlDocument {
  const lines = new LineCounter();
  // A pretty error quotes its line, which may hold a secret.
  const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false });
  const broken = [...document.errors, ...document.warnings]
    .map((error) => yamlProblem(error, lines))
    .concat(danglingAliases(document, lines));
  if (broken.length > 0) throw new RegistrationError(broken);
  const located = (problem: Problem): Problem => {
    const line = lineOf(document, lines, problem.path);
    return line === undefined ? problem : { ...problem, line };
  };
  return { value: toValue(document), located };
}

function toValue(document: Document): unknown {
  try {
    return document.toJS();
  } catch {
    const wrong = 'holds too many aliases';
    throw new RegistrationError([{ path: [], wrong, right: 'write the values out' }]);
  }
}

// The parser's own messages quote the text, so only its codes are told.
const SAID: Partial<Record<YAMLError['code'], readonly [wrong: string, right: string]>> = {
  DUPLICATE_KEY: ['names a member twice', 'name it once'],
  BAD_INDENT: ['is indented wrongly', 'align it with its neighbours'],
  TAB_AS_INDENT: ['is indented with a tab', 'use spaces'],
  TAG_RESOLVE_FAILED: ['has an unknown tag', 'quote a value that begins with "!"'],
  MULTIPLE_DOCS: ['begins a second document', 'leave one document in the file'],
  MISSING_CHAR: ['lacks a character', 'look for an open quote or bracket before it'],
};

function yamlProblem(error: YAMLError, lines: LineCounter): Problem {
  const [wrong, right] = SAID[error.code] ?? [
    `is not YAML (${error.code})`,
    'correct the syntax there',
  ];
  return { path: [], wrong, right, line: lines.linePos(error.pos[0]).line };
}

function danglingAliases(document: Document, lines: LineCounter): readonly Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return;
      problems.push({
        path: [],
        wrong: 'refers to an anchor that is not there',
        right: 'quote a value that begins with "*"',
        line: lines.linePos(alias.range?.[0] ?? 0).line,
      });
    },
  });
  return problems;
}

/** The line of what a path names, or of the nearest thing around it that is there. */
function lineOf(document: Document, lines: LineCounter, path: Path): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === part);
      if (pair === undefined) break;
      offset = isNode(pair.key) ? pair.key.range?.[0] : offset;
      node = pair.value;
    } else if (isSeq(node) && typeof part === 'number') {
      node = node.items[part];
      offset = isNode(node) ? node.range?.[0] : offset;
    } else break;
  }
  return offset === undefined ? undefined : lines.linePos(offset).line;
}
