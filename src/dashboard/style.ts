/** The one stylesheet, so that pages need nothing inline and nothing from elsewhere. */
export const STYLE = `:root {
  color-scheme: light dark;
  --back: light-dark(#f4f6f8, #14171b); --card: light-dark(#ffffff, #1d2126);
  --text: light-dark(#1b2026, #e4e8ed); --quiet: light-dark(#56606b, #a4adb8);
  --line: light-dark(#d5dae0, #394048); --accent: light-dark(#0a54a3, #8fc1ff);
  --on-accent: light-dark(#ffffff, #0d1822); --danger: light-dark(#a3231f, #ff9b94);
  --public: light-dark(#6b7480, #8d97a3); --shadow: light-dark(#8a5a00, #e0b050);
  --partial: light-dark(#5b48b0, #b5a6ff); --pairwise: light-dark(#15694a, #6fd3a6);
}
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; color: var(--text); background: var(--back); }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: 1rem; top: -4rem; padding: .5rem 1rem; background: var(--card); z-index: 1; }
.skip:focus { top: .5rem; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.5rem; padding: .6rem 1.5rem; background: var(--card); border-bottom: 1px solid var(--line); }
.brand { margin: 0; font-weight: 650; letter-spacing: -.01em; }
.brand a { color: inherit; text-decoration: none; }
nav { flex: 1; }
nav ul { display: flex; flex-wrap: wrap; gap: .1rem; margin: 0; padding: 0; list-style: none; }
nav a { display: block; padding: .35rem .65rem; border-radius: .375rem; color: var(--quiet); text-decoration: none; }
nav a:hover { color: var(--text); background: var(--back); }
nav a[aria-current] { color: var(--text); background: var(--back); font-weight: 600; }
.who { display: flex; align-items: center; gap: .75rem; margin: 0; }
.roles { color: var(--quiet); font-size: .87em; }
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem; }
main:focus { outline: none; }
h1 { font-size: 1.55rem; line-height: 1.2; letter-spacing: -.015em; margin: 0 0 1.1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.08rem; margin: 0 0 .75rem; }
h3 { font-size: .98rem; margin: 0 0 .35rem; overflow-wrap: anywhere; }
section > p:first-child { margin-top: 0; }
.facts + form { margin-top: 1.1rem; }
section, .card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1.1rem 1.25rem; margin: 0 0 1.1rem; }
.grid2 { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 0 1.1rem; align-items: start; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .9rem 1.5rem; margin: 0; }
.facts dt { color: var(--quiet); font-size: .87em; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .5rem .75rem .5rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { color: var(--quiet); font-size: .87em; font-weight: 600; white-space: nowrap; }
tbody tr:last-child td { border-bottom: 0; }
td { overflow-wrap: break-word; }
td code, td time { white-space: nowrap; }
td.wrap { min-width: 10rem; overflow-wrap: anywhere; }
td.wrap code { white-space: normal; }
td.number { text-align: right; }
code { font: .92em ui-monospace, "Cascadia Mono", Menlo, monospace; overflow-wrap: anywhere; }
.none, .hint, .sum { color: var(--quiet); }
.hint { display: block; font-size: .87em; }
.wrong { display: block; font-size: .93em; color: var(--danger); }
.badge { display: inline-block; padding: .05rem .55rem; border: 1px solid currentColor; border-radius: 1rem; font-size: .87em; font-weight: 600; white-space: nowrap; }
.good, .phase-pairwise { color: var(--pairwise); }
.bad { color: var(--danger); }
.phase-shadow, .warn { color: var(--shadow); }
.phase-public { color: var(--quiet); }
.notice { border-left: 4px solid var(--accent); }
.notice.problem { border-left-color: var(--danger); }
.notice ul { margin: .5rem 0 0; padding-left: 1.2rem; }
.notice > :last-child { margin-bottom: 0; }
.secret { display: inline-block; padding: .4rem .7rem; background: var(--back); border: 1px solid var(--line); border-radius: .375rem; user-select: all; }
button, .button { display: inline-block; min-height: 2.25rem; padding: .35rem .9rem; font: inherit; font-weight: 550; text-decoration: none; color: var(--accent); background: var(--card); border: 1px solid var(--line); border-radius: .4rem; cursor: pointer; }
button:hover, .button:hover { border-color: var(--accent); }
button.main, .button.main { color: var(--on-accent); background: var(--accent); border-color: var(--accent); }
button.danger { color: var(--danger); border-color: currentColor; }
.actions { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; margin: 0 0 1.1rem; }
form { margin: 0; }
.field { margin: 0 0 .9rem; max-width: 38rem; }
.field label, legend { display: block; font-weight: 550; margin-bottom: .2rem; }
.field.check label { display: inline; }
input:not([type=checkbox], [type=radio]), select, textarea { width: 100%; min-height: 2.25rem; padding: .35rem .6rem; font: inherit; color: inherit; background: var(--back); border: 1px solid light-dark(#8b949e, #6b747e); border-radius: .4rem; }
textarea { display: block; font-family: ui-monospace, "Cascadia Mono", Menlo, monospace; font-size: .92em; }
input[type=checkbox], input[type=radio] { width: 1.05rem; height: 1.05rem; margin: 0 .4rem 0 0; vertical-align: -.15rem; accent-color: var(--accent); }
[aria-invalid=true] { border-color: var(--danger) !important; }
form > .fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 0 1.75rem; align-items: start; }
fieldset { border: 0; margin: 0 0 .9rem; padding: 0; }
fieldset label { margin-right: 1.25rem; }
.filters { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: end; }
.filters .field { flex: 1 1 10rem; }
.filters button { margin-bottom: .9rem; }
.board { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(16rem, 100%), 1fr)); gap: 1.1rem; align-items: start; }
.column > h2 { display: flex; justify-content: space-between; padding: 0 .25rem; }
.card { padding: .9rem 1rem; margin: 0 0 .75rem; }
.card p { margin: .15rem 0; }
.card .actions { margin: .7rem 0 0; }
.freeze { margin: 0 0 1.1rem; }
.gates { margin: .5rem 0 0; padding: 0; list-style: none; font-size: .93em; }
.gates li { margin: .3rem 0; }
figure { margin: 0; }
figcaption { font-weight: 600; margin-bottom: .5rem; }
.sum { font-weight: 400; }
figure > svg { display: block; width: 100%; height: auto; }
.bar { fill: var(--accent); }
.grid { stroke: var(--line); }
.tick { fill: var(--quiet); font-size: 11px; }
.empty { fill: var(--back); }
rect.phase-public { fill: var(--public); }
rect.phase-shadow { fill: var(--shadow); }
rect.phase-partial { fill: var(--partial); }
rect.phase-pairwise { fill: var(--pairwise); }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.25rem; margin: .6rem 0 0; padding: 0; list-style: none; }
.key { width: .7rem; height: .7rem; }
details { margin-top: .6rem; }
summary { cursor: pointer; color: var(--accent); width: fit-content; }
@media (prefers-reduced-motion: no-preference) { button, .button, nav a { transition: color .12s, background-color .12s, border-color .12s; } }
@media (max-width: 40rem) { main { padding: 1rem; } header { padding: .6rem 1rem; } }
`;
