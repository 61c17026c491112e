import type { Request, Response } from 'express';

import type { AdminProblem } from '../admin/problems.ts';
import { page, plainPage } from './layout.ts';
import type { LoginParts } from './login.ts';
import type { Html, PageAnswer, Visit } from './page.ts';
import { loginView } from './pages/login.ts';
import { problemView, statusOf } from './problem-view.ts';
import { localsOf } from './request.ts';
import { hrefOf } from './href.ts';

/** Sends what a page answers. */
export async function sendAnswer(
  response: Response,
  visit: Visit,
  path: string,
  answer: PageAnswer,
): Promise<void> {
  if (answer.kind === 'redirect') {
    response.redirect(303, visit.href(answer.to));
    return;
  }
  if (answer.kind === 'file') {
    response
      .attachment(answer.name)
      .type('application/json')
      .send(`${JSON.stringify(answer.json, null, 2)}\n`);
    return;
  }
  const section = `/${path.split('/')[1] ?? ''}`;
  await sendHtml(response.status(answer.status ?? 200), page(visit, section, answer));
}

/** The page before a login, with why somebody was not let in. */
export async function loginPage(
  {
    provider,
    adminUrl,
    hasAdminToken,
  }: Pick<LoginParts, 'provider' | 'adminUrl' | 'hasAdminToken'>,
  request: Request,
  response: Response,
  problem?: string,
): Promise<void> {
  const href = hrefOf(adminUrl);
  const body = loginView(
    { href },
    {
      ...{ provider: provider !== undefined, token: hasAdminToken },
      ...{ adminUrl, host: request.headers.host, problem },
    },
  );
  await sendHtml(response, plainPage(href, { title: 'Log in', body }));
}

/** What could not be done, where no page shows it itself. */
export async function problemPage(
  { adminUrl }: Pick<LoginParts, 'adminUrl'>,
  response: Response,
  problem: AdminProblem,
): Promise<void> {
  const { requestId } = localsOf(response);
  const visit = response.locals['visit'] as Visit | undefined;
  const body = problemView(problem, requestId);
  const title = 'This was not done';
  response.status(statusOf(problem));
  if (problem.options.retryAfter !== undefined) {
    response.set('retry-after', String(problem.options.retryAfter));
  }
  const shown =
    visit === undefined
      ? plainPage(hrefOf(adminUrl), { title, body })
      : page(visit, '', { title, body });
  await sendHtml(response, shown);
}

async function sendHtml(response: Response, shown: Html): Promise<void> {
  response.type('html').send(String(await shown));
}
