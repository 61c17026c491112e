import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { auditProduction, judge } from '../../audit/audit.ts';
import type { Verdict } from '../../audit/audit.ts';
import type { Listening } from '../../support/listen.ts';
import { listen } from '../../support/listen.ts';
import { scratchFolder } from '../../support/scratch.ts';

/*
 * The audit of dependencies asks a registry, here one of the test's own by the real npm.
 * Where that does not answer nobody knows, and that is never taken for good news.
 */

const started: { registry?: Listening; folder?: string } = {};
afterEach(async () => {
  vi.unstubAllEnvs();
  await started.registry?.close();
  if (started.folder !== undefined) await rm(started.folder, { recursive: true, force: true });
});

/** A package with one dependency in production and one for development. */
async function verdictOf(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Verdict> {
  const folder = await scratchFolder('audit-');
  const registry = await listen(answer);
  Object.assign(started, { folder, registry });
  // npm remembers advisories.
  vi.stubEnv('npm_config_cache', join(folder, 'cache'));
  const root = { name: 'x', version: '1.0.0' };
  const dependencies = { dependencies: { served: '1.0.0' }, devDependencies: { tried: '1.0.0' } };
  const at = (name: string) => `http://127.0.0.1:${registry.port}/${name}/-/${name}-1.0.0.tgz`;
  const lock = {
    ...{ ...root, lockfileVersion: 3, requires: true },
    packages: {
      '': { ...root, ...dependencies },
      'node_modules/served': { version: '1.0.0', resolved: at('served') },
      'node_modules/tried': { version: '1.0.0', resolved: at('tried'), dev: true },
    },
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify({ ...root, ...dependencies }));
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify(lock));
  return auditProduction(folder, `http://127.0.0.1:${registry.port}/`);
}

/** A registry that knows one advisory. */
function knowing(name: string, severity: string) {
  const advisory = { id: 1, title: 'a hole', url: 'https://a.example', vulnerable_versions: '<2' };
  return (request: IncomingMessage, response: ServerResponse): void => {
    response.setHeader('content-type', 'application/json');
    if (request.method === 'POST') {
      response.end(JSON.stringify({ [name]: [{ ...advisory, severity }] }));
      return;
    }
    const one = { name, version: '1.0.0', dist: { tarball: 'http://127.0.0.1:1/x.tgz' } };
    response.end(
      JSON.stringify({ name, 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': one } }),
    );
  };
}

describe('the audit of production dependencies', () => {
  test('fails on one that is known to be high', async () => {
    const verdict = await verdictOf(knowing('served', 'high'));
    expect(verdict).toEqual({ state: 'vulnerable', packages: ['served (high)'] });
  });

  test('passes where lesser ones are known', async () => {
    expect(await verdictOf(knowing('served', 'moderate'))).toEqual({ state: 'clean', lesser: 1 });
  });

  test('does not look at what only development installs', async () => {
    expect(await verdictOf(knowing('tried', 'critical'))).toEqual({ state: 'clean', lesser: 0 });
  });

  test.each([405, 500])('says that nothing was checked at status %i', async (status) => {
    const verdict = await verdictOf((_request, response) => response.writeHead(status).end());
    expect(verdict).toMatchObject({
      state: 'not checked',
      reason: expect.stringContaining(String(status)),
    });
  });

  test('says that nothing was checked where the answer is none', async () => {
    const page = '<html>please log in</html>';
    const verdict = await verdictOf((_request, response) => response.end(page));
    expect(verdict.state).toBe('not checked');
    for (const report of ['', '{', '[]', 'null', '{"vulnerabilities":[]}']) {
      expect(judge(report, '').state, report).toBe('not checked');
    }
    const critical = '{"vulnerabilities":{"served":{"severity":"critical"}}}';
    expect(judge(critical, '')).toEqual({ state: 'vulnerable', packages: ['served (critical)'] });
  });

  test('says so with an exit code of its own where nobody answers', async () => {
    const program = fileURLToPath(new URL('../../audit/run.ts', import.meta.url));
    const run = promisify(execFile)(process.execPath, [program, 'http://127.0.0.1:9/']);
    await expect(run).rejects.toMatchObject({
      code: 3,
      stderr: expect.stringContaining('NOT CHECKED'),
    });
  });
});
