import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import type { Page } from 'playwright-core';

/** What axe found: which rule, and where. */
interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly string[];
}

const SOURCE = readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** Looks for what axe calls serious or critical, by every rule in light, and by those of colour in dark. */
export async function seriousFindings(page: Page): Promise<readonly Finding[]> {
  await page.emulateMedia({ colorScheme: 'light' });
  await page.evaluate(await SOURCE);
  const light = await run(page, "{ resultTypes: ['violations'] }");
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await run(
    page,
    "{ resultTypes: ['violations'], runOnly: ['color-contrast', 'link-in-text-block'] }",
  );
  await page.emulateMedia({ colorScheme: 'light' });
  return [...light, ...dark];
}

async function run(page: Page, options: string): Promise<readonly Finding[]> {
  const found: unknown = await page.evaluate(
    `axe.run(document, ${options}).then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ html }) => html.slice(0, 200)) })))`,
  );
  return found as readonly Finding[];
}
