import { readdir, readFile } from 'node:fs/promises';

/** Ticks of a second in `/proc`. */
const TICKS = 100;
const PAGE = 4096;

/** What a process and those that it started have used (proc(5)). */
export interface Usage {
  /** Processor time so far, in seconds. */
  readonly processor: number;
  /** Bytes. */
  readonly resident: number;
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
  readonly pages: number;
}

/** Of a process with all below it, ended children too. Linux only. */
export async function usageOf(pid: number): Promise<Usage> {
  const all = (await Promise.all((await readdir('/proc')).map(statOf))).filter(
    (stat) => stat !== undefined,
  );
  const family = new Set([pid]);
  for (let before = 0; before !== family.size;) {
    before = family.size;
    for (const stat of all) if (family.has(stat.parent)) family.add(stat.pid);
  }
  const members = all.filter((stat) => family.has(stat.pid));
  return {
    processor: members.reduce((sum, { ticks }) => sum + ticks, 0) / TICKS,
    resident: members.reduce((sum, { pages }) => sum + pages, 0) * PAGE,
  };
}

async function statOf(name: string): Promise<Stat | undefined> {
  if (!/^\d+$/.test(name)) return undefined;
  // A process may end while we look.
  const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The program's name may hold blanks and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    pid: Number(name),
    parent: field(4),
    ticks: field(14) + field(15) + field(16) + field(17),
    pages: field(24),
  };
}
