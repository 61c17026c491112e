import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { scratchFolder } from '../../support/scratch.ts';

const CHECKOUT = fileURLToPath(new URL('../../../', import.meta.url));
const LEFT_OUT = new Set(['node_modules', 'dist', 'data', 'coverage', '.git']);

/** A copy of the checkout in which a test may plant what the checks have to find. */
export interface CheckoutCopy {
  /** Writes a file; the path is relative to the copy. */
  plant(path: string, text: string): Promise<void>;
  /** Runs one of the tools that `npm run check` runs. */
  run(tool: string, ...args: readonly string[]): Promise<{ code: number; output: string }>;
  close(): Promise<void>;
}

export async function copyCheckout(): Promise<CheckoutCopy> {
  const folder = await scratchFolder('checkout-');
  for (const name of await readdir(CHECKOUT)) {
    if (!LEFT_OUT.has(name))
      await cp(join(CHECKOUT, name), join(folder, name), { recursive: true });
  }
  await symlink(join(CHECKOUT, 'node_modules'), join(folder, 'node_modules'));
  return {
    async plant(path, text) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    },
    run: (tool, ...args) =>
      new Promise((resolve) => {
        const program = join(CHECKOUT, 'node_modules', '.bin', tool);
        execFile(
          program,
          args,
          { cwd: folder, env: { ...process.env, NO_COLOR: '1' }, maxBuffer: 64 * 1024 * 1024 },
          (error, stdout, stderr) => {
            const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
            resolve({ code, output: stdout + stderr });
          },
        );
      }),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
