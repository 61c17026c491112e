import { html } from 'hono/html';

import type { KeyAnswer, ListOf, SaltAnswer } from '../answers.ts';
import { valueOf, type Html, type Page, type Visit } from '../page.ts';
import { done, form, reasonField, reasonOf, sureField, table, time } from '../parts.ts';

const ALGORITHMS = ['', 'RS256', 'ES256', 'PS256', 'EdDSA'] as const;

/** What a form has done, by the word that its redirect carries. */
const DONE: Readonly<Record<string, string>> = {
  keys: 'The next signing keys are published; each signs 10 minutes later.',
  waiting: 'A rotation is under way already; nothing was changed.',
  salt: 'New pseudonyms are derived from a new salt.',
};

/** Signing keys and salts. */
export const KEY_PAGES: readonly Page[] = [
  {
    ...{ method: 'get', path: '/keys' },
    handle: async (visit) => {
      const query = { limit: '1000' };
      const keys = await valueOf<ListOf<KeyAnswer>>(visit.ask('listKeys', { query }));
      const salts = await valueOf<ListOf<SaltAnswer>>(visit.ask('listSalts', { query }));
      return {
        ...{ kind: 'page', title: 'Keys and salts' },
        body: html`${done(visit, DONE)}
          <section>
            <h2>Signing keys</h2>
            ${keyTable(keys.items)}
          </section>
          <section>
            <h2>Salts</h2>
            ${saltTable(salts.items)}
          </section>
          ${visit.can('operate') ? rotations(visit) : ''}`,
      };
    },
  },
  {
    ...{ method: 'post', path: '/keys/rotate' },
    handle: async (visit) => {
      const alg = visit.form.get('alg') ?? '';
      const body = { ...(alg !== '' && { alg }), ...reasonOf(visit) };
      const { changed } = await valueOf<{ changed: boolean }>(visit.ask('rotateKeys', { body }));
      return { kind: 'redirect', to: `/keys?done=${changed ? 'keys' : 'waiting'}` };
    },
  },
  {
    ...{ method: 'post', path: '/salts/rotate' },
    handle: async (visit) => {
      const days = Number(visit.form.get('grace_days') ?? '');
      const confirm = visit.form.get('confirm') === 'true';
      await visit.ask('rotateSalt', { body: { grace_days: days, confirm, ...reasonOf(visit) } });
      return { kind: 'redirect', to: '/keys?done=salt' };
    },
  },
];

function keyTable(keys: readonly KeyAnswer[]): Html {
  const rows = keys.map(
    (key) =>
      html`<tr>
        <td>${key.alg}</td>
        <td>
          <span class="badge ${key.state === 'active' ? 'good' : 'phase-public'}"
            >${key.state}</span
          >
        </td>
        <td>${time(key.signs_from)}</td>
        <td>${time(key.signed_until)}</td>
        <td>${key.published ? 'yes' : 'no'}</td>
        <td><code>${key.kid}</code></td>
      </tr>`,
  );
  const heads = ['Algorithm', 'State', 'Signs from', 'Signed until', 'Published', 'kid'];
  return table('Signing keys', heads, rows);
}

function saltTable(salts: readonly SaltAnswer[]): Html {
  const rows = salts.map(
    (salt) =>
      html`<tr>
        <td>${salt.version}</td>
        <td>
          <span class="badge ${salt.state === 'active' ? 'good' : 'phase-public'}"
            >${salt.state}</span
          >
        </td>
        <td>${salt.pseudonyms}</td>
        <td>${time(salt.created_at)}</td>
        <td>${time(salt.retired_at)}</td>
        <td>${time(salt.destroy_after)}</td>
      </tr>`,
  );
  const heads = ['Version', 'State', 'Pseudonyms', 'Made', 'Retired', 'Destroyed after'];
  return table('Salts', heads, rows);
}

function rotations(visit: Visit): Html {
  const options = ALGORITHMS.map(
    (alg) => html`<option value="${alg}">${alg === '' ? 'all' : alg}</option>`,
  );
  const keys = html`<p class="field">
      <label for="alg">Algorithm</label>
      <select id="alg" name="alg">
        ${options}
      </select>
    </p>
    ${reasonField('keys-why')} <button>Rotate keys</button>`;
  const salt = html`<p class="field">
      <label for="grace">Days for which the present salt is kept</label>
      <input id="grace" name="grace_days" inputmode="numeric" value="90" required />
    </p>
    ${sureField('salt-sure', 'The present salt is destroyed when its grace is over.')}
    ${reasonField('salt-why')} <button class="danger">Rotate the salt</button>`;
  return html`<div class="grid2">
    <section>
      <h2>Rotate the signing keys</h2>
      <p>The next keys are published at once and sign 10 minutes later. No vendor notices.</p>
      ${form(visit, '/keys/rotate', keys)}
    </section>
    <section>
      <h2>Rotate the salt</h2>
      <p>Users without a pseudonym get theirs from a new salt. Those who have one keep it.</p>
      ${form(visit, '/salts/rotate', salt)}
    </section>
  </div>`;
}
