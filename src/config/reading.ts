/**
 * What came of reading one variable. The problem says what is wrong, the hint
 * what would be right; neither repeats the value, which may be a secret.
 */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string; readonly hint: string };

/** Reads the text of a variable; the text is never empty. */
export type Reader<T> = (text: string) => Reading<T>;

export function read<T>(value: T): Reading<T> {
  return { ok: true, value };
}

export function unreadable(problem: string, hint: string): Reading<never> {
  return { ok: false, problem, hint };
}

/** One of a few words. */
export function oneOf<const Word extends string>(...words: readonly Word[]): Reader<Word> {
  return (text) => {
    const word = words.find((candidate) => candidate === text);
    return word === undefined
      ? unreadable('is not one of the known words', `write one of ${words.join(', ')}`)
      : read(word);
  };
}

/** A whole number in decimal digits, between two bounds, both allowed. */
export function wholeNumber(least: number, most: number): Reader<number> {
  return (text) => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return number >= least && number <= most
      ? read(number)
      : unreadable(
          `is not a whole number from ${least} to ${most}`,
          `write digits only, for example ${Math.max(least, 1)}`,
        );
  };
}

/** Items separated by commas or white space; the first unreadable one decides. Repeats are dropped. */
export function listOf<T>(reader: Reader<T>): Reader<readonly T[]> {
  return (text) => {
    const items: T[] = [];
    for (const [index, part] of text
      .split(/[\s,]+/)
      .filter(Boolean)
      .entries()) {
      const reading = reader(part);
      if (!reading.ok) return unreadable(`item ${index + 1} ${reading.problem}`, reading.hint);
      if (!items.includes(reading.value)) items.push(reading.value);
    }
    return read(items);
  };
}

/** Any text, as it is. */
export function anyText(text: string): Reading<string> {
  return read(text);
}
