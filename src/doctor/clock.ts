import type { UpstreamResponse } from '../upstream/exchange.ts';
import { ok, problem, warning, type Finding } from './finding.ts';

/** Seconds: HTTP dates are whole seconds, and an answer takes its time. */
const UNREMARKABLE = 5;
/** Seconds of leeway that the proxy gives to the times in upstream ID tokens. */
const LEEWAY = 30;

/**
 * Compares our clock with the `Date` of an answer (RFC 9110 6.6.1). An answer
 * from a cache was made `Age` seconds before it was sent (RFC 9111 5.1).
 */
export function clockFinding(
  headers: UpstreamResponse['headers'],
  asked: Date,
  answered: Date,
): Finding {
  const date = Date.parse(String(headers['date'] ?? ''));
  if (Number.isNaN(date)) return ok('clock', 'The upstream sends no Date to compare with.');
  const age = Number(headers['age'] ?? 0) || 0;
  const middle = (asked.getTime() + answered.getTime()) / 2;
  const skew = Math.round((date + age * 1000 - middle) / 1000);
  const text = `The upstream's clock is ${Math.abs(skew)} s ${skew < 0 ? 'behind' : 'ahead of'} ours.`;
  if (Math.abs(skew) <= UNREMARKABLE) return ok('clock', 'The clocks agree.');
  const hint = `Let both follow a time server; beyond ${LEEWAY} s ID tokens are refused.`;
  return Math.abs(skew) > LEEWAY ? problem('clock', text, hint) : warning('clock', text, hint);
}
