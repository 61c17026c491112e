/** One mistake in the configuration. None of its texts holds the value of a secret. */
export interface ConfigProblem {
  /** The variable's name as the operator wrote it, such as `MASTER_KEY_FILE`. */
  readonly variable: string;
  /** What is wrong, as the end of a sentence that begins with the variable's name. */
  readonly problem: string;
  /** What would be right. */
  readonly hint: string;
}

/** Thrown once, with every mistake in it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(
      ({ variable, problem, hint }) => `  ${variable} ${problem}: ${hint}`,
    );
    super(['The configuration cannot be used:', ...lines].join('\n'));
    this.problems = problems;
  }
}
