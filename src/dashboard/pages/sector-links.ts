import { html } from 'hono/html';

import type { SectorLinkAnswer, SectorUnlinkAnswer } from '../answers.ts';
import type { Field } from '../fields.ts';
import { operationForm } from '../operation-form.ts';
import type { Html, Page, PageAnswer, Visit } from '../page.ts';

const SECTOR: Field = { name: 'sector', label: 'Sector', kind: 'text', required: true };
const COMMON: readonly Field[] = [
  {
    ...{ name: 'grace_days', label: 'Days for which a former subject still resolves' },
    kind: 'number',
  },
  { name: 'end_sessions', label: 'End the tokens of the clients', kind: 'check' },
];

const LINK: readonly Field[] = [
  { ...SECTOR, hint: 'The one that is linked.' },
  {
    ...{ name: 'into', label: 'Into the sector', kind: 'text', required: true },
    hint: 'The one whose subjects are used.',
  },
  {
    ...{ name: 'vendors', label: 'Both vendors, where there are two', kind: 'lines' },
    hint: 'Their ids, one a line: they can then compare their users.',
  },
  {
    ...{ name: 'keep', label: 'Users with a subject in both keep that of', kind: 'select' },
    options: ['into', 'linked'],
  },
  ...COMMON,
];

const UNLINK: readonly Field[] = [
  SECTOR,
  {
    ...{ name: 'keep_subjects', label: 'Users whom both know keep the same subject in both' },
    kind: 'check',
  },
  ...COMMON,
];

const GRACE_DAYS = '90';

/** Sectors that share subjects, and those that do not any more. */
export const SECTOR_LINK_PAGES: readonly Page[] = [
  ...operationForm({
    ...{ path: '/sectors/link', address: () => '/sectors/link', role: 'operator' },
    ...{ title: () => 'Link two sectors', button: 'Link', operation: 'linkSectors' },
    about: () => ({
      text: html`<p>
          The clients of the first sector use the subjects of the second one from then on. Whoever
          has a subject in both keeps one; the other resolves for the grace.
        </p>
        ${WAITING}`,
    }),
    fields: LINK,
    initial,
    asked: (_visit, body) => ({ body }),
    done: (_visit, { value }) => {
      const { carried, merged } = value as SectorLinkAnswer;
      return told('The sectors share their subjects', [
        html`Users carried over: ${carried}; with a subject in both: ${merged}.`,
      ]);
    },
  }),
  ...operationForm({
    ...{ path: '/sectors/unlink', address: () => '/sectors/unlink', role: 'operator' },
    ...{ title: () => 'Unlink a sector', button: 'Unlink', operation: 'unlinkSectors' },
    about: () => ({
      text: html`<p>
          The sector has subjects of its own again. Users whom both sectors know get a new subject
          in it, unless they are to keep the same in both.
        </p>
        ${WAITING}`,
    }),
    fields: UNLINK,
    initial,
    asked: (_visit, body) => ({ body }),
    done: (_visit, { value }) => {
      const { shared, kept } = value as SectorUnlinkAnswer;
      const how = kept ? 'who keep the same subject in both' : 'who have a new subject in it';
      return told('The sector has subjects of its own', [
        html`Users whom both sectors know, ${how}: ${shared}.`,
      ]);
    },
  }),
];

const WAITING = html`<p>
  The answer comes when every user had their turn, which takes a while where there are many. It goes
  on when nobody waits; one that was cut short is completed by the same form.
</p>`;

function initial({ query }: Visit, name: string): string {
  if (name === 'grace_days') return GRACE_DAYS;
  return name === 'sector' ? (query.get('sector') ?? '') : '';
}

function told(title: string, sentences: readonly Html[]): PageAnswer {
  return {
    ...{ kind: 'page', title },
    body: html`<section class="notice" role="status">
      ${sentences.map((sentence) => html`<p>${sentence}</p>`)}
    </section>`,
  };
}
