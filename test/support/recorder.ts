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
        if (lower.includes(sought)) found.push({ needle, where, form });
      }
    }
  }
  return found;
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
