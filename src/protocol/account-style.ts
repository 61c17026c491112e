import type { Endpoint } from './message.ts';

/** The one stylesheet, so that pages need nothing inline and nothing from elsewhere. */
const STYLE = `:root { color-scheme: light dark; --line: light-dark(#c9ced6, #464c55); --accent: light-dark(#0b57a4, #8fc1ff); }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: light-dark(#1c2128, #e6e9ee); background: light-dark(#f5f6f8, #16191d); }
main { max-width: 40rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.2; }
h2 { font-size: 1.2rem; margin: 0 0 .5rem; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
section { background: light-dark(#fff, #1f2328); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem 1.25rem; margin: 1rem 0; overflow-wrap: anywhere; }
dl { display: flex; flex-wrap: wrap; gap: .25rem 2rem; margin: 0; }
dt { display: inline; color: light-dark(#59636e, #a3acb8); }
dt::after { content: ":"; }
dd { display: inline; margin: 0 0 0 .35rem; }
ul { margin: .25rem 0; padding-left: 1.25rem; }
code { font-size: .9em; }
a { color: var(--accent); }
button, a.action { display: inline-block; box-sizing: border-box; min-height: 2.75rem; padding: .55rem 1rem; font: inherit; line-height: 1.5; text-decoration: none; color: var(--accent); background: none; border: 1px solid var(--accent); border-radius: .375rem; cursor: pointer; }
button:hover, a.action:hover { text-decoration: underline; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;

/** The stylesheet of the pages at `/account`. */
export const accountStyleEndpoint: Endpoint = async () => ({
  kind: 'passed',
  status: 200,
  headers: { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'public, max-age=3600' },
  body: Buffer.from(STYLE),
});
