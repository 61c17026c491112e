import { createInterface } from 'node:readline/promises';
import type { CliContext } from './context.ts';
import { CommandError, EXIT } from './failure.ts';

/**
 * Asks before something is lost. Without a terminal nobody can answer, so there
 * `--yes` is needed.
 *
 * @throws CommandError `confirmation_required` (exit 2), `declined` (exit 1)
 */
export async function confirm(
  context: CliContext,
  yes: boolean | undefined,
  question: string,
): Promise<void> {
  if (yes === true) return;
  if (context.stdin.isTTY !== true) {
    throw new CommandError({
      code: 'confirmation_required',
      message: `This command asks first: ${question}`,
      hint: 'Without a terminal, pass --yes.',
      exit: EXIT.usage,
    });
  }
  const lines = createInterface({ input: context.stdin, output: context.stderr });
  try {
    const answer = await lines.question(`${question} [y/N] `);
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    lines.close();
  }
  throw new CommandError({
    code: 'declined',
    message: 'Nothing was changed.',
    hint: 'Answer y to go on.',
    exit: EXIT.failed,
  });
}
