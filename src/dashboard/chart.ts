import { scaleBand, scaleLinear } from 'd3-scale';
import { html } from 'hono/html';

import type { Html } from './page.ts';

/** One bar: what it stands for, and how much. */
export interface Bar {
  readonly label: string;
  readonly value: number;
}

const WIDTH = 640;
const HEIGHT = 180;
const MARGIN = { top: 10, right: 4, bottom: 24, left: 44 } as const;

/**
 * Bars over time, as SVG with nothing inline but numbers, so that a strict policy lets it
 * through. Everything that it shows also stands in a table behind it.
 *
 * @param id unique in the page
 */
export function barChart(id: string, title: string, bars: readonly Bar[], unit: string): Html {
  const most = Math.max(1, ...bars.map(({ value }) => value));
  const y = scaleLinear()
    .domain([0, most])
    .nice(4)
    .range([HEIGHT - MARGIN.bottom, MARGIN.top]);
  const x = scaleBand()
    .domain(bars.map(({ label }) => label))
    .range([MARGIN.left, WIDTH - MARGIN.right])
    .paddingInner(0.25);
  const total = bars.reduce((sum, { value }) => sum + value, 0);
  const ticks = y.ticks(4).filter(Number.isInteger);
  const step = Math.max(1, Math.ceil(bars.length / 6));
  return html`<figure>
    <figcaption id="${id}-title">
      ${title} <span class="sum">${number(total)} in all</span>
    </figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-title">
      ${ticks.map(
        (tick) =>
          html`<line
              class="grid"
              x1="${MARGIN.left}"
              x2="${WIDTH - MARGIN.right}"
              y1="${y(tick)}"
              y2="${y(tick)}"
            ></line>
            <text class="tick" x="${MARGIN.left - 8}" y="${y(tick) + 4}" text-anchor="end"
              >${number(tick)}</text
            >`,
      )}
      ${bars.map(({ label, value }, index) => {
        const left = x(label) ?? 0;
        const top = y(value);
        const mark =
          index % step === 0
            ? html`<text class="tick" x="${left}" y="${HEIGHT - 6}">${label.slice(5)}</text>`
            : '';
        return html`<rect
            class="bar"
            x="${round(left)}"
            y="${round(top)}"
            width="${round(x.bandwidth())}"
            height="${round(y(0) - top)}"
          >
            <title>${label}: ${number(value)}</title></rect
          >${mark}`;
      })}
    </svg>
    <details>
      <summary>As a table</summary>
      <div class="scroll" role="region" aria-label="${title}, as a table" tabindex="0">
        <table>
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col">${unit}</th>
            </tr>
          </thead>
          <tbody>
            ${bars.toReversed().map(
              ({ label, value }) =>
                html`<tr>
                  <td>${label}</td>
                  <td class="number">${number(value)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </details>
  </figure>`;
}

/** A share of a whole: what it is called, how it is coloured, and how much. */
export interface Share {
  readonly label: string;
  readonly className: string;
  readonly value: number;
}

/** Parts of a whole in one bar, each with its number in words below. */
export function shareChart(id: string, title: string, shares: readonly Share[]): Html {
  const total = shares.reduce((sum, { value }) => sum + value, 0);
  const x = scaleLinear()
    .domain([0, Math.max(1, total)])
    .range([0, WIDTH]);
  let from = 0;
  const parts = shares.map((share) => {
    const left = from;
    from += share.value;
    return { ...share, left: x(left), width: x(share.value) };
  });
  return html`<figure>
    <figcaption id="${id}-title">
      ${title} <span class="sum">${number(total)} in all</span>
    </figcaption>
    <svg viewBox="0 0 ${WIDTH} 28" role="img" aria-labelledby="${id}-title">
      <rect class="empty" x="0" y="0" width="${WIDTH}" height="28"></rect>
      ${parts.map(
        ({ className, left, width }) =>
          html`<rect
            class="${className}"
            x="${round(left)}"
            y="0"
            width="${round(width)}"
            height="28"
          ></rect>`,
      )}
    </svg>
    <ul class="legend">
      ${shares.map(
        ({ label, className, value }) =>
          html`<li>
            <svg class="key" viewBox="0 0 10 10" aria-hidden="true">
              <rect class="${className}" width="10" height="10"></rect>
            </svg>
            ${label}: <strong>${number(value)}</strong>
          </li>`,
      )}
    </ul>
  </figure>`;
}

function number(value: number): string {
  return value.toLocaleString('en');
}

function round(value: number): string {
  return value.toFixed(1);
}
