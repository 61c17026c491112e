import { html } from 'hono/html';

import { asProblem } from '../admin/failure.ts';
import type { Asked, Performed } from '../admin/perform.ts';
import type { AdminProblem } from '../admin/problems.ts';
import { fieldViews, membersOf, type Field } from './fields.ts';
import type { Html, Page, PageAnswer, Visit } from './page.ts';
import { closedTo, form, reasonField, reasonOf, sureField } from './parts.ts';
import { problemView, statusOf } from './problem-view.ts';

/** What stands above the form. */
export interface About {
  readonly text: Html;
  /** It cannot be done, and the text says why: there is no form. */
  readonly isClosed?: boolean;
  /** The state that it tells of, which the operation is based on. */
  readonly state?: string | undefined;
}

/** A page of one form, which carries out one operation of the admin API. */
export interface OperationForm {
  /** Of the page and of what its form sends, as in Express. */
  readonly path: string;
  /** The same for a visit. */
  readonly address: (visit: Visit) => string;
  readonly title: (visit: Visit) => string;
  /** What it does, and to whom. */
  readonly about: (visit: Visit) => About | Promise<About>;
  readonly fields: readonly Field[];
  /** What stands in a field at first. */
  readonly initial: (visit: Visit, name: string) => string;
  /** Who may do it, by the word for the role. */
  readonly role: 'operator' | 'privacy';
  readonly button: string;
  /** It always loses something, so the box stands there from the start. */
  readonly sure?: string;
  /** A reason has to be given. */
  readonly needsReason?: boolean;
  /** What is typed names somebody, and is not shown again. */
  readonly namesUsers?: boolean;
  readonly operation: string;
  /** How the operation is asked, from the members that are filled in. */
  readonly asked: (visit: Visit, body: Readonly<Record<string, unknown>>) => Asked;
  readonly done: (visit: Visit, performed: Performed) => PageAnswer;
}

const SCOPES = { operator: 'operate', privacy: 'privacy' } as const;

/** The page and what its form sends. Where it has to be confirmed, it is asked again with a box. */
export function operationForm(spec: OperationForm): readonly Page[] {
  return [
    { method: 'get', path: spec.path, handle: (visit) => shown(spec, visit) },
    {
      ...{ method: 'post', path: spec.path },
      handle: async (visit) => {
        try {
          const confirm = visit.form.get('confirm') === 'true' && { confirm: true };
          const members = { ...membersOf(spec.fields, visit.form), ...reasonOf(visit), ...confirm };
          const performed = await visit.ask(spec.operation, spec.asked(visit, members));
          return spec.done(visit, performed);
        } catch (error) {
          // That is for the log too, as an attempt.
          if (!visit.can(SCOPES[spec.role])) throw error;
          return shown(spec, visit, asProblem(error));
        }
      },
    },
  ];
}

async function shown(
  spec: OperationForm,
  visit: Visit,
  problem?: AdminProblem,
): Promise<PageAnswer> {
  const title = spec.title(visit);
  if (!visit.can(SCOPES[spec.role])) return closedTo(title, spec.role);
  const isAgain = problem !== undefined && spec.namesUsers !== true;
  const values = (name: string): string =>
    isAgain ? (visit.form.get(name) ?? '') : spec.initial(visit, name);
  const isUnconfirmed = problem?.code === 'confirmation_required';
  const box = spec.sure ?? (isUnconfirmed ? 'This is what I want.' : undefined);
  const { text, isClosed = false, state } = await spec.about(visit);
  const content = html`${state === undefined ? '' : html`<input type="hidden" name="state" value="${state}" />`}
    <div class="fields">${fieldViews(spec.fields, values, problem?.options.mistakes)}</div>
    ${reasonField('why', spec.needsReason)} ${box === undefined ? '' : sureField('sure', box)}
    <button class="${box === undefined ? 'main' : 'danger'}">${spec.button}</button>`;
  return {
    ...{ kind: 'page', title, status: problem === undefined ? 200 : statusOf(problem) },
    body: html`${problem === undefined ? '' : problemView(problem)}
      <section>${text} ${isClosed ? '' : form(visit, spec.address(visit), content)}</section>`,
  };
}
