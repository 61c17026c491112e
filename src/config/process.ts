/** The environment of this process, copied; the one place that reads it. */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  return { ...process.env };
}
