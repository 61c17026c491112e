import { PROBLEMS, type ProblemCode } from '../../../src/admin/problems.ts';
import { speaksInBody, type Route } from '../../../src/admin/route.ts';

/** The row of an operation in docs/admin-api.md. */
export function referenceRow(each: Route): readonly string[] {
  const needs = [
    ...(each.needsState === true ? ['If-Match'] : []),
    ...(each.needsConfirmation === undefined
      ? []
      : [speaksInBody(each) ? '"confirm": true' : 'Confirm: yes']),
  ];
  return [
    `\`${each.method.toUpperCase()} ${each.path}\``,
    each.scope ?? 'any',
    needs.map((need) => `\`${need}\``).join(' '),
    each.summary,
  ];
}

/** The row of a problem there. */
export function problemRow(code: ProblemCode): readonly string[] {
  const [status, title] = PROBLEMS[code];
  return [`\`${code}\``, String(status), title];
}
