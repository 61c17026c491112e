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
  const readings = [text, text.replace(/\\u0{0,2}([0-9a-f]{2})/gi, character)];
  const last = readings.at(-1) ?? text;
  readings.push(
    last
      .replaceAll('\\', '')
      .replace(/&#x0*([0-9a-f]{2});/gi, character)
      .replace(/&#0*(\d{2,3});/g, (_, code: string) => String.fromCharCode(Number(code)))
      .replace(/%([0-9a-f]{2})/gi, character),
  );
  return [token, ...tellingParts(token)].some(
    (part) =>
      readings.some((reading) => reading.includes(part)) ||
      encodings(part).some((encoded) => text.includes(encoded)),
  );
}

/** All but the header of a JWT (RFC 7515 7.1, RFC 7516 7.1). */
function tellingParts(token: string): readonly string[] {
  return token
    .split('.')
    .slice(1)
    .filter((part) => part.length >= TELLING);
}

function character(_: string, hexadecimal: string): string {
  return String.fromCharCode(Number.parseInt(hexadecimal, 16));
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
