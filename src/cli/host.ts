import type { CliContext } from './context.ts';
import type { Output } from './output.ts';

/** A command's way to speak: the context, the output, and the exit code it sets. */
export interface CommandHost {
  readonly context: CliContext;
  readonly output: () => Output;
  /** Sets the exit code where it is not 0. */
  exitWith(code: number): void;
}
