const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  colon: ':',
  sol: '/',
  equals: '=',
  quest: '?',
  num: '#',
  period: '.',
  percnt: '%',
  lowbar: '_',
};

/** Undoes script escapes (`\/`, `\u002F`, `\x2f`) and character references of URL characters. */
export function unescapeMarkup(text: string): string {
  return text
    .replace(/\\{1,8}\//g, '/')
    .replace(/\\{1,8}(?:u00|x)([0-7][0-9a-f])/gi, (_, hex: string) => fromCode(hex, 16))
    .replace(/&#(\d{1,7});?/g, (_, digits: string) => fromCode(digits, 10))
    .replace(/&#x([0-9a-f]{1,6});?/gi, (_, hex: string) => fromCode(hex, 16))
    .replace(/&([a-z]+);/gi, (whole, name: string) => NAMED[name.toLowerCase()] ?? whole);
}

/** Undoes percent-encoding once; malformed sequences stay. Octets, not characters. */
export function percentDecode(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => fromCode(hex, 16));
}

/** Percent-encodes as often as asked. */
export function percentEncode(text: string, times: number): string {
  let encoded = text;
  for (let round = 0; round < times; round += 1) encoded = encodeURIComponent(encoded);
  return encoded;
}

/** For a double-quoted attribute value in a text of octets. */
export function escapeAttribute(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll('<', '&lt;')
    .replace(/[\u0100-\u{10ffff}]/gu, (each) => `&#${String(each.codePointAt(0))};`);
}

function fromCode(digits: string, radix: number): string {
  const code = Number.parseInt(digits, radix);
  return code <= 0x10ffff ? String.fromCodePoint(code) : '\uFFFD';
}
