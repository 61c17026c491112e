import { execFile } from 'node:child_process';

/** What is known of the dependencies that production installs. */
export type Verdict =
  | { readonly state: 'clean'; readonly lesser: number }
  | { readonly state: 'vulnerable'; readonly packages: readonly string[] }
  /** Nobody knows: the registry did not answer as it should. */
  | { readonly state: 'not checked'; readonly reason: string };

/** From this severity on a vulnerability fails the check. */
const SERIOUS: readonly unknown[] = ['high', 'critical'];

/**
 * Asks a registry for known vulnerabilities of the dependencies that production installs
 * (`npm audit --omit=dev`), in the folder of a package-lock.json.
 *
 * @param registry default: the one that npm is set up with
 */
export async function auditProduction(folder: string, registry?: string): Promise<Verdict> {
  const chosen = registry === undefined ? [] : [`--registry=${registry}`];
  const args = ['audit', '--omit=dev', '--json', '--fetch-retries=0', ...chosen];
  const { promise, resolve } = Promise.withResolvers<Verdict>();
  execFile('npm', args, { cwd: folder, maxBuffer: 64 * 1024 * 1024 }, (error, stdout) => {
    resolve(judge(stdout, error?.message ?? ''));
  });
  return promise;
}

/** What a report of `npm audit --json` says; whatever is none is no reason to be content. */
export function judge(report: string, failure: string): Verdict {
  const read = parsed(report);
  const vulnerabilities = read?.['vulnerabilities'];
  if (!isObject(vulnerabilities)) {
    const message = read?.['message'] ?? failure;
    const reason = typeof message === 'string' && message !== '' ? message : 'an empty answer';
    return { state: 'not checked', reason: reason.split('\n')[0] ?? '' };
  }
  const found = Object.entries(vulnerabilities).map(([name, each]) => ({
    name,
    severity: isObject(each) ? String(each['severity']) : 'unknown',
  }));
  const serious = found.filter(({ severity }) => SERIOUS.includes(severity));
  if (serious.length === 0) return { state: 'clean', lesser: found.length };
  const packages = serious.map(({ name, severity }) => `${name} (${severity})`);
  return { state: 'vulnerable', packages };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
