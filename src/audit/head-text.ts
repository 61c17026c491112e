import type { ChainHead } from './entry.ts';

const FORM = /^(\d{1,15}):([0-9a-f]{64})$/;

/** A head as it is written down elsewhere: `POSITION:HASH`, the hash in hexadecimal. */
export function headText({ position, hash }: ChainHead): string {
  return `${position}:${Buffer.from(hash).toString('hex')}`;
}

/** A head that was written down; `undefined` where the text is none. */
export function readHeadText(text: string): ChainHead | undefined {
  const [, position, hash] = FORM.exec(text) ?? [];
  if (position === undefined || hash === undefined) return undefined;
  return { position: Number(position), hash: Buffer.from(hash, 'hex') };
}
