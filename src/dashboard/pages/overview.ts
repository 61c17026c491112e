import { html } from 'hono/html';

import type { ActivityAnswer } from '../answers.ts';
import { barChart, shareChart } from '../chart.ts';
import { valueOf, type Html, type Page, type Site } from '../page.ts';
import { state, time } from '../parts.ts';

/** What the overview tells of the process itself. */
export interface Health {
  readonly checks: Readonly<Record<string, boolean>>;
  readonly upstreamIssuer: string;
  readonly issuer: string;
  readonly version: string;
  readonly now: Date;
}

const WORDS: Readonly<Record<string, readonly [name: string, good: string, bad: string]>> = {
  database: ['Database', 'reached', 'away'],
  upstream: ['Identity provider', 'reached', 'away'],
  serving: ['This process', 'serving', 'ending'],
};

/** What the overview shows of clients, in the order of a rollout. */
const PHASES = [
  ['public', false, 'public', 'phase-public'],
  ['shadow', false, 'shadow', 'phase-shadow'],
  ['pairwise', true, 'pairwise for some', 'phase-partial'],
  ['pairwise', false, 'pairwise', 'phase-pairwise'],
] as const;

/** The first page: whether all is well, and what happens. */
export function overviewPages(health: () => Health): readonly Page[] {
  return [
    {
      ...{ method: 'get', path: '/' },
      handle: async (visit) => {
        const { days, phases } = await valueOf<ActivityAnswer>(visit.ask('showActivity'));
        const shares = PHASES.map(([phase, narrowed, label, className]) => {
          const found = phases.find((each) => each.phase === phase && each.narrowed === narrowed);
          return { label, className, value: found?.clients ?? 0 };
        });
        const logins = days.map(({ day, logins: value }) => ({ label: day, value }));
        const made = days.map(({ day, new_pseudonyms: value }) => ({ label: day, value }));
        return {
          kind: 'page',
          title: 'Overview',
          body: html`${healthView(visit, health())}
            <section>${shareChart('phases', 'Clients by phase', shares)}</section>
            <div class="grid2">
              <section>${barChart('logins', 'Logins, last 30 days', logins, 'Logins')}</section>
              <section>
                ${barChart('made', 'New pseudonyms, last 30 days', made, 'New pseudonyms')}
              </section>
            </div>`,
        };
      },
    },
  ];
}

/** Asked for again by itself where scripts run; a page that is loaded again shows the same. */
function healthView(
  { href }: Site,
  { checks, upstreamIssuer, issuer, version, now }: Health,
): Html {
  return html`<section
    id="health"
    aria-labelledby="health-title"
    hx-get="${href('/')}"
    hx-select="#health"
    hx-swap="outerHTML"
    hx-trigger="every 15s"
  >
    <h2 id="health-title">Health</h2>
    <dl class="facts">
      ${Object.entries(checks).map(([name, isGood]) => {
        const [label, good, bad] = WORDS[name] ?? [name, 'good', 'bad'];
        return html`<div>
          <dt>${label}</dt>
          <dd>${state(isGood, good, bad)}</dd>
        </div>`;
      })}
      <div>
        <dt>Issuer for vendors</dt>
        <dd>${issuer}</dd>
      </div>
      <div>
        <dt>Issuer of the provider</dt>
        <dd>${upstreamIssuer}</dd>
      </div>
      <div>
        <dt>Version</dt>
        <dd>${version}</dd>
      </div>
      <div>
        <dt>As of (UTC)</dt>
        <dd>${time(now.toISOString())}</dd>
      </div>
    </dl>
  </section>`;
}
