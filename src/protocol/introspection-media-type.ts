import { parse } from 'content-type';

const SIGNED = 'application/token-introspection+jwt';
const PLAIN = 'application/json';

/** Whether an `Accept` header asks for a signed answer (RFC 9701 4), and wants none more. */
export function asksForJwt(accept: string | undefined): boolean {
  const ranges = (accept ?? '').split(',').map(qualityOf);
  const best = (type: string): number =>
    Math.max(0, ...ranges.filter((range) => range.type === type).map(({ quality }) => quality));
  return best(SIGNED) > 0 && best(SIGNED) >= best(PLAIN);
}

/** RFC 9110 12.4.2; a weight that is none counts as 1. */
function qualityOf(range: string): { readonly type: string; readonly quality: number } {
  const { type, parameters } = parse(range);
  const quality = Number(parameters['q'] ?? 1);
  return { type: type.toLowerCase(), quality: Number.isFinite(quality) ? quality : 1 };
}
