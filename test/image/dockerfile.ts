/** One stage of a Dockerfile; an exec form is an array, a shell form a string. */
export interface Stage {
  readonly base: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

export interface Instruction {
  readonly name: string;
  readonly value: string;
}

/** The stages of a Dockerfile, comments and continued lines resolved. */
export function readDockerfile(text: string): readonly Stage[] {
  const stages: { base: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const { name, value } of instructionsOf(text)) {
    if (name === 'FROM') {
      const [base = '', , stage] = value.split(/\s+/);
      stages.push({ base, name: stage, instructions: [] });
      continue;
    }
    const current = stages.at(-1);
    if (current === undefined) throw new Error(`${name} stands before the first FROM`);
    current.instructions.push({ name, value });
  }
  return stages;
}

/** The values of all instructions of one name. */
export function valuesOf(stage: Stage, name: string): readonly string[] {
  return stage.instructions.filter((one) => one.name === name).map(({ value }) => value);
}

function instructionsOf(text: string): readonly Instruction[] {
  return text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', value = ''] = /^(\w+)\s+(.*)$/.exec(line.trim()) ?? [];
      return { name: name.toUpperCase(), value };
    });
}
