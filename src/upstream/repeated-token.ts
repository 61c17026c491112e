/** Shorter parts of a token may stand in a text by chance. */
const TELLING = 24;

/**
 * Whether an answer repeats an access token, or the claims or signature of one
 * that is a JWT: as it is, as JSON, URLs or HTML write it, in hexadecimal or
 * base64, in any Unicode encoding. Not whether it does so encrypted or compressed.
 */
export function repeatsToken(answer: Uint8Array | string, token: string): boolean {
  // NULs stand between the characters of UTF-16 and UTF-32.
  const text = Buffer.from(answer).toString('latin1').replaceAll('\0', '');
  const wanted = [token, ...tellingParts(token)].flatMap((part) => [part, ...encodings(part)]);
  if (wanted.some((written) => text.includes(written))) return true;
  if (!/[\\&%]/.test(text)) return false;
  const read = reading(text);
  return wanted.some((written) => stands(read, Buffer.from(written, 'latin1')));
}

/** All but the header of a JWT (RFC 7515 7.1, RFC 7516 7.1). */
function tellingParts(token: string): readonly string[] {
  return token
    .split('.')
    .slice(1)
    .filter((part) => part.length >= TELLING);
}

function encodings(part: string): readonly string[] {
  const hexadecimal = Buffer.from(part, 'latin1').toString('hex');
  // Within base64 a text has three forms, by where it begins; its ends depend on the neighbours.
  const within = [0, 1, 2].flatMap((before) => {
    const octets = Buffer.concat([Buffer.alloc(before), Buffer.from(part, 'latin1')]);
    const whole = octets.length - (octets.length % 3);
    const from = before === 0 ? 0 : 4;
    const pick = (encoding: 'base64' | 'base64url') =>
      octets.subarray(0, whole).toString(encoding).slice(from);
    return [pick('base64'), pick('base64url')];
  });
  return [hexadecimal, hexadecimal.toUpperCase(), ...within];
}

/** For each position of a text: which character is written from there on, and what comes next. */
interface Reading {
  readonly codes: Uint8Array;
  readonly next: Uint32Array;
}

/**
 * A character as JSON (`\/`, `\u002f`, also within JSON), HTML (`&#47;`, `&#x2f;`,
 * `&sol;`) and URLs (`%2f`, `%252f`) write it. Sticky: what stands before a
 * character never changes how it is read, else a `%` in front would hide a token.
 */
const WRITTEN =
  /\\+(?:u00([0-9a-f]{2}))?|&(?:amp;)*(?:#x0*([0-9a-f]{2});|#0*(\d{2,3});|(sol|plus|equals|lowbar|period);)|%(?:25)*([0-9a-f]{2})/iy;
const NAMED: Readonly<Record<string, string>> = {
  ...{ sol: '/', plus: '+', equals: '=', lowbar: '_', period: '.' },
};

function reading(text: string): Reading {
  const codes = new Uint8Array(text.length);
  const next = new Uint32Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    codes[at] = text.charCodeAt(at);
    next[at] = at + 1;
    WRITTEN.lastIndex = at;
    const found = /[\\&%]/.test(text.charAt(at)) ? WRITTEN.exec(text) : null;
    if (found === null) continue;
    const [whole, json, hexadecimal, decimal, name, url] = found;
    const digits = json ?? hexadecimal ?? url;
    const end = at + whole.length;
    if (digits !== undefined) codes[at] = Number.parseInt(digits, 16);
    else if (decimal !== undefined) codes[at] = Number(decimal);
    else if (name !== undefined) codes[at] = (NAMED[name.toLowerCase()] ?? '').charCodeAt(0);
    else codes[at] = text.charCodeAt(end);
    next[at] = (digits ?? decimal ?? name) ? end : end + 1;
  }
  return { codes, next };
}

/** A token has no `\`, `&` or `%`, so within it there is one way to read each. */
function stands({ codes, next }: Reading, wanted: Uint8Array): boolean {
  const [first] = wanted;
  for (
    let start = codes.indexOf(first ?? 0);
    start !== -1;
    start = codes.indexOf(first ?? 0, start + 1)
  ) {
    let at = start;
    let matched = 0;
    while (matched < wanted.length && codes[at] === wanted[matched]) {
      at = next[at] ?? codes.length;
      matched += 1;
    }
    if (matched === wanted.length) return true;
  }
  return false;
}
