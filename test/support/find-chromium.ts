import { findProgram } from './programs.ts';

/** The browser that CHROMIUM_PATH names, or the installed one. */
export async function findChromium(): Promise<string | undefined> {
  const given = process.env['CHROMIUM_PATH'];
  return given !== undefined && given !== '' ? given : findProgram('chromium');
}
