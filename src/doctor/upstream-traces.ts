import type { Config } from '../config/types.ts';

const MAX_DEPTH = 3;

/** Finds absolute addresses of the upstream in what a browser was given, in any usual escape. */
export class UpstreamTraces {
  readonly #origins: readonly string[];

  constructor({ issuer, upstream }: Pick<Config, 'issuer' | 'upstream'>) {
    const theirs = new Set([new URL(upstream.issuer).origin, new URL(upstream.url).origin]);
    theirs.delete(new URL(issuer).origin);
    this.#origins = [...theirs];
  }

  /** The upstream origins that stand in the text. */
  in(text: string): readonly string[] {
    const found = new Set<string>();
    let layer = text.replaceAll('\\/', '/');
    for (let depth = 0; depth <= MAX_DEPTH; depth += 1) {
      for (const origin of this.#origins) if (names(layer, origin)) found.add(origin);
      layer = layer.replaceAll(/%([2-7][0-9a-f])/gi, (_, octet: string) =>
        String.fromCharCode(Number.parseInt(octet, 16)),
      );
    }
    return [...found];
  }
}

/** Whether a text names an origin, and not one that only begins like it. */
function names(text: string, origin: string): boolean {
  for (let at = text.indexOf(origin); at !== -1; at = text.indexOf(origin, at + 1)) {
    if (!/^(?:[\w-]|\.\w|:\d)/.test(text.slice(at + origin.length))) return true;
  }
  return false;
}
