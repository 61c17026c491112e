import { findProgram } from './programs.ts';

/** The program that PROMTOOL_PATH names, or the installed one. */
export async function findPromtool(): Promise<string | undefined> {
  const given = process.env['PROMTOOL_PATH'];
  return given !== undefined && given !== '' ? given : findProgram('promtool');
}
