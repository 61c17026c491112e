import { parse } from 'content-type';

/** How a body is treated on its way to the browser. */
export type Treatment = 'binary' | 'html' | 'text';

// Only what can neither hold a followed link nor run counts as binary.
const BINARY =
  /^(?:image\/(?!svg)[a-z0-9.+-]+|font\/.+|audio\/.+|video\/.+|application\/(?:octet-stream|pdf|zip|gzip|wasm|font-.+|x-font-.+|vnd\.ms-fontobject))$/;
const HTML = new Set(['text/html', 'application/xhtml+xml']);
const ASCII_COMPATIBLE =
  /^(?:utf-?8|us-ascii|ascii|latin-?1|iso-?8859-?\d+(?:-[ei])?|windows-\d+|cp125\d|koi8-[ru]|macintosh|shift[_-]jis|sjis|windows-31j|gb(?:k|2312|18030)|big5(?:-hkscs)?|euc-(?:jp|kr|cn|tw))$/;

/** The media type without parameters, in lower case; undefined where there is none or no valid one. */
export function essence(header: string | undefined): string | undefined {
  return parsed(header)?.type;
}

/** How a body of this type is treated; what is not known is treated as text. */
export function treatmentOf(header: string | undefined): Treatment {
  const type = essence(header);
  if (type === undefined) return 'text';
  if (HTML.has(type)) return 'html';
  return BINARY.test(type) && !type.endsWith('+xml') ? 'binary' : 'text';
}

/** Whether text in this charset can be searched octet by octet. */
export function isAsciiCompatible(header: string | undefined): boolean {
  const charset = parsed(header)?.parameters['charset'];
  return charset === undefined || isAsciiCompatibleCharset(charset);
}

/** The same for a charset's name. */
export function isAsciiCompatibleCharset(charset: string): boolean {
  return ASCII_COMPATIBLE.test(charset.trim().toLowerCase());
}

function parsed(header: string | undefined) {
  if (header === undefined) return undefined;
  const content = parse(header);
  const type = content.type.toLowerCase();
  return /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(type) ? { ...content, type } : undefined;
}
