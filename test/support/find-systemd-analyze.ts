import { findProgram } from './programs.ts';

/** The program that SYSTEMD_ANALYZE_PATH names, or the installed one. */
export async function findSystemdAnalyze(): Promise<string | undefined> {
  const given = process.env['SYSTEMD_ANALYZE_PATH'];
  return given !== undefined && given !== '' ? given : findProgram('systemd-analyze');
}
