/** A block of commands, to be run as it stands. */
interface ScriptStep {
  readonly kind: 'script';
  readonly text: string;
}

/** One command after a prompt, and what it prints. */
interface CommandStep {
  readonly kind: 'command';
  readonly text: string;
  readonly prints: string;
}

/** Something that the reader does in a browser. */
interface DeedStep {
  readonly kind: 'deed';
  readonly text: string;
}

export type Step = ScriptStep | CommandStep | DeedStep;

const BLOCK = /^```(\w+)\n([^]*?)^```$|^- (.*(?:\n {2}.*)*)/gm;

/**
 * What a document tells its reader to do, in its order: blocks of `sh`, the
 * commands after `$ ` in blocks of `console` with their output, and list items.
 */
export function stepsIn(document: string): readonly Step[] {
  return [...document.matchAll(BLOCK)].flatMap(([, language, block = '', item]): Step[] => {
    if (item !== undefined) return [{ kind: 'deed', text: item.replaceAll(/\s+/g, ' ') }];
    if (language === 'sh') return [{ kind: 'script', text: block }];
    return language === 'console' ? commandsIn(block) : [];
  });
}

/** A command may go on in further lines, each after a backslash. */
function commandsIn(block: string): CommandStep[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [text = ''] = /^(?:.*\\\n)*.*\n/.exec(part) ?? [];
      return { kind: 'command', text: text.trim(), prints: part.slice(text.length).trim() };
    });
}

/** Whether something was printed as the document says; `…` stands for anything, and blanks for any. */
export function isPrinted(said: string, output: string): boolean {
  const pattern = said.split('\n').map((line) => {
    if (line === '…') return '(?:.*\\n)*?';
    const words = line.replaceAll(/[^\w\s…]/g, '\\$&').replaceAll(/\s+/g, '\\s+');
    return `\\s*${words.replaceAll('…', '.*?')}\\s*\\n`;
  });
  return new RegExp(`^${pattern.join('')}$`).test(`${output.trim()}\n`);
}
