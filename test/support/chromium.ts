import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

import { findChromium } from './find-chromium.ts';

/** What keeps a browser under test from talking to anybody but the test. */
const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A headless Chromium. */
export async function startChromium(): Promise<Browser> {
  const executablePath = await findChromium();
  if (executablePath === undefined) {
    throw new Error('Chromium is not installed. Install it, or set CHROMIUM_PATH to one.');
  }
  // Chromium refuses its sandbox to root.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, headless: true, args: [...QUIET, ...asRoot] });
}
