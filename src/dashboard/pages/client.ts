import { html } from 'hono/html';

import { asProblem } from '../../admin/failure.ts';
import type { AdminProblem } from '../../admin/problems.ts';
import type { ClientAnswer, ListOf, MappingTokenAnswer } from '../answers.ts';
import { changesOf, fieldViews, shownValue } from '../fields.ts';
import { valueOf, type Html, type Page, type PageAnswer, type Visit } from '../page.ts';
import {
  done,
  form,
  phaseBadge,
  reasonField,
  reasonOf,
  shownOnce,
  state,
  sureField,
  table,
  time,
} from '../parts.ts';
import { problemView, statusOf } from '../problem-view.ts';
import { fieldsFor } from './client-fields.ts';

const FIELDS = fieldsFor('change');

const DONE = {
  changed: 'Changed.',
  ended: 'The token is dead.',
  transferred: 'The client is this vendor’s now.',
};

type Members = Readonly<Record<string, unknown>>;

/** One client: what it is, the form that changes it, its secret, its mapping tokens. */
export const CLIENT_DETAIL_PAGES: readonly Page[] = [
  {
    ...{ method: 'get', path: '/clients/:client' },
    handle: async (visit) => shown(visit, {}),
  },
  {
    ...{ method: 'post', path: '/clients/:client' },
    handle: async (visit) => {
      const path = { client: clientOf(visit) };
      try {
        const { value } = await visit.ask('showClient', { path });
        const changes = changesOf(FIELDS, visit.form, value as Members);
        const confirm = visit.form.get('confirm') === 'true';
        const body = { ...changes, ...reasonOf(visit), ...(confirm && { confirm }) };
        await visit.ask('changeClient', { path, body, state: visit.form.get('state') ?? '' });
        return { kind: 'redirect', to: `${addressOf(visit)}?done=changed` };
      } catch (error) {
        return shown(visit, { problem: asProblem(error) });
      }
    },
  },
  {
    ...{ method: 'post', path: '/clients/:client/secret' },
    handle: async (visit) => {
      const confirm = visit.form.get('confirm') === 'true';
      const body = { ...reasonOf(visit), confirm };
      const { client_secret: secret } = await valueOf<{ client_secret: string }>(
        visit.ask('renewClientSecret', { path: { client: clientOf(visit) }, body }),
      );
      return shown(visit, { once: shownOnce('The client’s new secret', secret) });
    },
  },
  {
    ...{ method: 'post', path: '/clients/:client/mapping-tokens' },
    handle: async (visit) => {
      const body = { days: Number(visit.form.get('days') ?? ''), ...reasonOf(visit) };
      const made = await valueOf<MappingTokenAnswer>(
        visit.ask('createMappingToken', { path: { client: clientOf(visit) }, body }),
      );
      return shown(visit, { once: shownOnce('The mapping token', made.token ?? '') });
    },
  },
  {
    ...{ method: 'post', path: '/clients/:client/mapping-tokens/end' },
    handle: async (visit) => {
      const path = { client: clientOf(visit), token: visit.form.get('id') ?? '' };
      await visit.ask('revokeMappingToken', { path, ...reasonOf(visit) });
      return { kind: 'redirect', to: `${addressOf(visit)}?done=ended` };
    },
  },
];

interface Besides {
  readonly problem?: AdminProblem;
  readonly once?: Html;
}

async function shown(visit: Visit, { problem, once }: Besides): Promise<PageAnswer> {
  const path = { client: clientOf(visit) };
  const { value, state: revision } = await visit.ask('showClient', { path });
  const client = value as ClientAnswer & Members;
  const query = { limit: '1000' };
  const tokens = await valueOf<ListOf<MappingTokenAnswer>>(
    visit.ask('listMappingTokens', { path, query }),
  );
  return {
    ...{
      kind: 'page',
      title: client.client_id,
      status: problem === undefined ? 200 : statusOf(problem),
    },
    body: html`${problem === undefined ? '' : problemView(problem)} ${once ?? ''}
      ${done(visit, DONE)} ${summary(visit, client)}
      <section>
        <h2>Settings</h2>
        ${visit.can('operate') ? changeForm(visit, client, revision, problem) : settings(client)}
      </section>
      ${mapping(visit, tokens.items)}
      ${visit.can('operate') && client.has_client_secret ? renewal(visit) : ''}
      ${visit.can('operate') ? further(visit) : ''}`,
  };
}

function summary({ href }: Visit, client: ClientAnswer): Html {
  const address = encodeURIComponent(client.client_id);
  return html`<section>
    <dl class="facts">
      <div>
        <dt>Vendor</dt>
        <dd>
          <a href="${href(`/vendors/${encodeURIComponent(client.vendor)}`)}">${client.vendor}</a>
        </dd>
      </div>
      <div>
        <dt>Phase</dt>
        <dd>
          ${phaseBadge(client.phase, { percent: client.percent, pilots: client.pilot_users })}
          <a href="${href(`/rollout/${address}`)}">Rollout</a>
        </dd>
      </div>
      <div>
        <dt>Sector</dt>
        <dd><code>${client.sector}</code></dd>
      </div>
      <div>
        <dt>Authentication</dt>
        <dd>${client.authentication}</dd>
      </div>
      <div>
        <dt>Way round the proxy</dt>
        <dd>
          ${state(!client.can_bypass, 'closed', 'open')} ${client.accept_bypass ? 'accepted' : ''}
        </dd>
      </div>
    </dl>
  </section>`;
}

function mapping(visit: Visit, tokens: readonly MappingTokenAnswer[]): Html {
  const rows = tokens.map(
    ({ id, created_at: from, expires_at: until }) =>
      html`<tr>
        <td><code>${id}</code></td>
        <td>${time(from)}</td>
        <td>${time(until)}</td>
        <td>
          ${
            visit.can('operate')
              ? form(
                  visit,
                  `${addressOf(visit)}/mapping-tokens/end`,
                  html`<input type="hidden" name="id" value="${id}" /><button
                      aria-label="End the token ${id}"
                    >
                      End
                    </button>`,
                )
              : ''
          }
        </td>
      </tr>`,
  );
  const creation = html`<p class="field">
      <label for="days">Days until it expires</label>
      <input id="days" name="days" inputmode="numeric" value="7" required />
    </p>
    ${reasonField('mapping-why')} <button>Make a mapping token</button>`;
  return html`<section>
    <h2>Mapping tokens</h2>
    <p>With one, the vendor asks for the new subjects of users whom it has.</p>
    ${table('Mapping tokens', ['Id', 'Made', 'Expires', ''], rows)}
    ${visit.can('privacy') ? form(visit, `${addressOf(visit)}/mapping-tokens`, creation) : ''}
  </section>`;
}

function changeForm(
  visit: Visit,
  client: Members,
  revision: string | undefined,
  problem?: AdminProblem,
): Html {
  const values = (name: string): string => {
    const field = FIELDS.find((each) => each.name === name);
    if (problem !== undefined) return visit.form.get(name) ?? '';
    return field === undefined ? '' : shownValue(field, client);
  };
  const isUnconfirmed = problem?.code === 'confirmation_required';
  return form(
    visit,
    addressOf(visit),
    html`<input type="hidden" name="state" value="${revision ?? ''}" />
      <div class="fields">${fieldViews(FIELDS, values, problem?.options.mistakes)}</div>
      ${reasonField('why')}
      ${
        isUnconfirmed
          ? html`<p class="field check">
              <input type="checkbox" id="confirm" name="confirm" value="true" />
              <label for="confirm"
                >Change the subject of ${problem.options.users ?? 0} users.</label
              >
            </p>`
          : ''
      } <button class="main">Change</button>`,
  );
}

function settings(client: Members): Html {
  return html`<dl class="facts">
    ${FIELDS.filter(({ kind }) => kind !== 'secret' && kind !== 'members').map(
      (field) =>
        html`<div>
          <dt>${field.label}</dt>
          <dd>${shownValue(field, client) || '—'}</dd>
        </div>`,
    )}
  </dl>`;
}

function renewal(visit: Visit): Html {
  const content = html`${reasonField('secret-why')}
    ${sureField('secret-sure', 'The vendor is told of the new one.')}
    <button class="danger">Make another secret</button>`;
  return html`<section>
    <h2>Another secret</h2>
    <p>
      The present one is dead at once: the vendor cannot redeem anything until it has the new one.
    </p>
    ${form(visit, `${addressOf(visit)}/secret`, content)}
  </section>`;
}

function further(visit: Visit): Html {
  const address = visit.href(addressOf(visit));
  return html`<p class="actions">
    <a class="button" href="${address}/transfer">Transfer to another vendor</a>
    <a class="button" href="${address}/delete">Delete</a>
  </p>`;
}

function clientOf({ path }: Visit): string {
  return path['client'] ?? '';
}

function addressOf(visit: Visit): string {
  return `/clients/${encodeURIComponent(clientOf(visit))}`;
}
