import type { HtmlEscapedString } from 'hono/utils/html';

import type { Asked, Performed } from '../admin/perform.ts';
import type { AdminScope } from '../operations/admin-tokens.ts';

/** Markup in which every value has been escaped; only the tagged template `html` makes it. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** Addresses of the dashboard, as a browser reaches them. */
export interface Site {
  /** An address below `ADMIN_URL`; `path` begins with a slash. */
  href(path: string): string;
}

/** One request of somebody who is logged in. */
export interface Visit extends Site {
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Of a POST, after it proved to come from a page of ours. */
  readonly form: URLSearchParams;
  /** Of a form that sends one. */
  readonly file: UploadedFile | undefined;
  readonly user: { readonly name: string; readonly scopes: readonly AdminScope[] };
  /** What every form repeats. */
  readonly formToken: string;
  can(scope: AdminScope): boolean;
  /** Carries out an operation of the admin API as this user; throws as `perform` does. */
  ask(id: string, asked?: Asked): Promise<Performed>;
}

/** A file that a form sent; the name is what the browser says. */
export interface UploadedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What is answered. */
export type PageAnswer =
  | {
      readonly kind: 'page';
      readonly status?: number;
      readonly title: string;
      readonly body: Html;
    }
  /** After something was done: another page, which may be loaded again. */
  | { readonly kind: 'redirect'; readonly to: string }
  | { readonly kind: 'file'; readonly name: string; readonly json: unknown };

/** One page, or one form. */
export interface Page {
  readonly method: 'get' | 'post';
  /** As in Express: `/clients/:client`. */
  readonly path: string;
  /** Whether its form sends a file (multipart/form-data). */
  readonly takesFile?: boolean;
  readonly handle: (visit: Visit) => Promise<PageAnswer>;
}

/** The value of an operation's answer, whose schema has judged it. */
export async function valueOf<T>(asking: Promise<Performed>): Promise<T> {
  return (await asking).value as T;
}
