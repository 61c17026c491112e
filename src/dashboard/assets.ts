import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { STYLE } from './style.ts';

/** What pages load beside themselves: from our own origin, read once. */
export interface Asset {
  readonly type: string;
  readonly content: string;
}

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f4e79"/><circle cx="12" cy="16" r="6" fill="none" stroke="#fff" stroke-width="2.5"/><circle cx="20" cy="16" r="6" fill="none" stroke="#8fc1ff" stroke-width="2.5"/></svg>`;

/** The assets by their names below `/assets`. The library comes as its package has it. */
export function readAssets(): ReadonlyMap<string, Asset> {
  const library = fileURLToPath(import.meta.resolve('htmx.org/dist/htmx.min.js'));
  return new Map([
    ['dashboard.css', { type: 'text/css', content: STYLE }],
    ['icon.svg', { type: 'image/svg+xml', content: ICON }],
    ['htmx.js', { type: 'text/javascript', content: readFileSync(library, 'utf8') }],
  ]);
}
