import { html } from 'hono/html';

import type { LinkedAnswer } from '../answers.ts';
import type { Field } from '../fields.ts';
import { operationForm } from '../operation-form.ts';
import type { Page } from '../page.ts';

const FIELDS: readonly Field[] = [
  {
    ...{ name: 'user', label: 'Old local subject', kind: 'text', required: true },
    hint: 'The sub that the provider had for the user.',
  },
  {
    ...{ name: 'to', label: 'New local subject', kind: 'text', required: true },
    hint: 'The one that it has now.',
  },
  {
    ...{ name: 'prefer', label: 'Where both have a pseudonym, the one stays of', kind: 'select' },
    ...{ options: ['', 'old', 'new'], hint: 'By default that is refused.' },
  },
  {
    ...{ name: 'grace_days', label: 'Days for which the old name means the same user' },
    kind: 'number',
  },
  { name: 'end_sessions', label: 'End the tokens of the user', kind: 'check' },
];

/** One user whom the provider calls otherwise. */
export const RENAMED_PAGES: readonly Page[] = operationForm({
  ...{ path: '/people/renamed', address: () => '/people/renamed', role: 'privacy' },
  ...{ title: () => 'Link a renamed user', button: 'Link', operation: 'linkSubject' },
  about: ({ href }) => ({
    text: html`<p>
      All pseudonyms of the user are theirs under the new name from then on: no vendor notices. Many
      users are linked <a href="${href('/people/link')}">by a file</a>.
    </p>`,
  }),
  fields: FIELDS,
  initial: (_visit, name) => (name === 'grace_days' ? '90' : ''),
  ...{ needsReason: true, namesUsers: true, sure: 'Both names are the same person.' },
  asked: (_visit, body) => ({ body }),
  done: (_visit, { value }) => {
    const { was_linked: before, sectors, merged } = value as LinkedAnswer;
    return {
      ...{ kind: 'page', title: before ? 'The user was linked before' : 'The user is linked' },
      body: html`<section class="notice" role="status">
        <p>Sectors in which the pseudonym is kept: ${sectors}; with two of them: ${merged}.</p>
      </section>`,
    };
  },
});
