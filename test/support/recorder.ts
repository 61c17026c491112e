import { decodings, valuesIn } from './decode.ts';

/** A piece of what a vendor received, and where. */
export interface Received {
  /** For example `response body of POST /oidc/token` or `callback URL`. */
  readonly where: string;
  readonly text: string;
}

export interface Finding {
  readonly needle: string;
  readonly where: string;
  /** How the needle was hidden: `plain`, `base64url > json` and the like. */
  readonly form: string;
}

/** Everything that one vendor receives: answers to its own requests, and requests to its server. */
export class VendorRecord {
  readonly received: Received[] = [];

  add(where: string, text: string): void {
    this.received.push({ where, text });
  }

  /** Notes header lines, one entry a header. */
  addHeaders(where: string, headers: Iterable<readonly [string, string]>): void {
    for (const [name, value] of headers) this.add(`${where}: header ${name}`, value);
  }

  /** A fetch that notes every byte of every answer: status line, headers and body. */
  fetch: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const url = input instanceof Request ? input.url : String(input);
    const path = new URL(url).pathname;
    const where = `answer to ${init?.method ?? 'GET'} ${path}`;
    this.add(`${where}: status`, response.statusText);
    this.addHeaders(where, response.headers);
    this.add(`${where}: body`, await response.clone().text());
    return response;
  };
}

/** Where a record holds one of the needles, whatever its letter case and however it is encoded. */
export function findings(record: VendorRecord, needles: readonly string[]): Finding[] {
  const found: Finding[] = [];
  const wanted = needles.map((needle) => ({ needle, lower: needle.toLowerCase() }));
  for (const { where, text } of record.received) {
    for (const { form, text: decoded } of decodings(text)) {
      const lower = decoded.toLowerCase();
      for (const { needle, lower: sought } of wanted) {
        if (holds(lower, form, sought)) found.push({ needle, where, form });
      }
    }
  }
  return found;
}

const SHORT_NEEDLE = 8;
const SHORT_TEXT = 32;

/**
 * A long needle counts anywhere. A short one, such as `bob`, turns up by chance
 * in random tokens, so it counts as a word of its own, or inside a short readable
 * text that was decoded from bytes (where a length byte may stand before it).
 */
function holds(text: string, form: string, needle: string): boolean {
  if (!text.includes(needle)) return false;
  if (needle.length >= SHORT_NEEDLE) return true;
  const decoded = /(?:jwt|base64|hex|compressed)/.test(form);
  const readable = text.replaceAll(/[^\x20-\x7e]/g, '').length / text.length >= 0.8;
  if (decoded && !readable) return false;
  if (/(?:jwt|base64|hex|compressed)$/.test(form) && text.length < SHORT_TEXT) return true;
  return text.split(needle).some((before, position, parts) => {
    const after = parts[position + 1];
    return after !== undefined && !/[a-z0-9]$/.test(before) && !/^[a-z0-9]/.test(after);
  });
}

/**
 * Values of a length or more that both records hold: JSON leaves, URL
 * parameters, header values, JWT claims, in every decoded form.
 */
export function commonValues(a: VendorRecord, b: VendorRecord, minLength = 8): string[] {
  const ofB = valuesOf(b, minLength);
  return [...valuesOf(a, minLength)].filter((value) => ofB.has(value)).sort();
}

function valuesOf(record: VendorRecord, minLength: number): Set<string> {
  const values = new Set<string>();
  for (const { text } of record.received) {
    for (const value of valuesIn(text)) {
      if (value.length >= minLength) values.add(value);
    }
  }
  return values;
}
