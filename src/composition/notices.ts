import type { Connection } from '../database/connection.ts';
import { Notices } from '../grants/notices.ts';
import type { BrowserBinding } from '../protocol/browser-binding.ts';
import type { LoginAnswerParts } from '../protocol/login-answer.ts';
import type { Endpoint } from '../protocol/message.ts';
import type { NoticeDue } from '../protocol/notice.ts';
import { noticeDue, noticeEndpoint } from '../protocol/notice.ts';
import { PendingNotices } from '../protocol/pending-notices.ts';
import type { IssueParts } from '../protocol/token-issue.ts';
import type { Registry } from '../vendors/registry.ts';

/** What notices are wired from. */
interface NoticeOptions {
  readonly db: Connection;
  readonly issue: IssueParts;
  readonly registry: Registry;
  readonly binding: BrowserBinding;
  readonly signAnswer: LoginAnswerParts['signAnswer'];
}

/** Wires the notice before a first login: where it is due, and its page. */
export function composeNotices({ db, issue, registry, binding, signAnswer }: NoticeOptions): {
  readonly due: NoticeDue;
  readonly page: Endpoint;
} {
  const notices = new Notices(db);
  const pending = new PendingNotices(issue.seals, (reference, now) => notices.take(reference, now));
  const parts = { ...issue, vendors: registry, binding, signAnswer, notices, pending };
  return { due: noticeDue(parts), page: noticeEndpoint(parts) };
}
