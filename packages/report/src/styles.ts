/** The look of the page. Colours are custom properties, so that charts follow light and dark mode too. */
export const styles = `
:root {
  color-scheme: light dark;
  --bg: #f5f6f8; --surface: #fff; --raised: #eef0f3; --line: #dfe3e8; --ink: #14181f; --ink-2: #545e6b; --accent: #1f5fc4;
  --good: #5b8db8; --bad: #d9662b; --image: #1f5fc4; --pixel: #c2571a;
  --missed: #b3201f; --missed-bg: #fde5e3; --false-alarm: #8a5300; --false-alarm-bg: #fdeccb;
  --caught: #0d6b57; --caught-bg: #d9f2ea; --passed: #45505c; --passed-bg: #e7eaee; --unsure: #6a3ea1; --unsure-bg: #ece3f8;
  --radius: 10px; --shadow: 0 1px 2px rgb(16 24 40 / .06);
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --bg: #0e1116; --surface: #171b22; --raised: #222832; --line: #2c333d; --ink: #e9ecf0; --ink-2: #a0abb8; --accent: #7fb0ff;
    --good: #6ea3d0; --bad: #ee8a52; --image: #7fb0ff; --pixel: #f0975c;
    --missed: #ff9d96; --missed-bg: #4a1d1c; --false-alarm: #ffc766; --false-alarm-bg: #44300c;
    --caught: #6fdcc0; --caught-bg: #103d33; --passed: #b8c2cc; --passed-bg: #2a313b; --unsure: #cda9ff; --unsure-bg: #37284f;
    --shadow: none;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 3.5rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--bg); color: var(--ink); font: 15px/1.5 Inter, ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
header, main, footer, nav ul { max-width: 1240px; margin: 0 auto; padding-inline: clamp(1rem, 3vw, 2rem); }
header { padding-block: 2rem 1rem; }
h1 { margin: 0; font-size: clamp(1.5rem, 4vw, 2rem); line-height: 1.2; letter-spacing: -.02em; overflow-wrap: anywhere; }
h2 { margin: 0 0 .25rem; font-size: 1.25rem; letter-spacing: -.01em; }
h3 { margin: 0; font-size: 1rem; }
p { margin: 0; }
header p, .lead, .notes, footer { color: var(--ink-2); }
header p { margin-top: .35rem; overflow-wrap: anywhere; }
main > section { margin-top: 2.5rem; }
main > #summary { margin-top: 1.25rem; }
.lead { max-width: 95ch; margin-bottom: .9rem; overflow-wrap: anywhere; }
a { color: var(--accent); }
code, .path { overflow-wrap: anywhere; }
code { font: .92em ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 1rem; top: 1rem; z-index: 3; padding: .5rem 1rem; background: var(--surface); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
nav { position: sticky; top: 0; z-index: 2; background: var(--bg); border-bottom: 1px solid var(--line); }
nav ul { display: flex; gap: 1.25rem; overflow-x: auto; list-style: none; margin-block: 0; padding-block: 0; scrollbar-width: none; }
nav a { display: block; padding: .7rem 0; color: var(--ink-2); font-weight: 500; text-decoration: none; white-space: nowrap; }
nav a:hover { color: var(--ink); }
.panel, .tile, .card, .chart { background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius); box-shadow: var(--shadow); }
.panel { padding: 1rem 1.25rem; }
.scroll { overflow-x: auto; }
.headline { font-size: clamp(1.15rem, 2.6vw, 1.45rem); font-weight: 600; line-height: 1.35; letter-spacing: -.01em; margin-bottom: 1rem; }
.tiles { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); gap: .75rem; margin: 0; }
.tile { padding: .8rem 1rem; border-top: 3px solid var(--tone); }
.tile dt { color: var(--tone); font-weight: 600; }
.tile dd { position: relative; margin: 0; color: var(--ink-2); }
.tile b { display: block; color: var(--ink); font-size: 2.1rem; line-height: 1.15; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
.tile .share { position: absolute; right: 0; top: .75rem; font-weight: 600; color: var(--ink); }
.missed { --tone: var(--missed); --tint: var(--missed-bg); }
.false-alarm { --tone: var(--false-alarm); --tint: var(--false-alarm-bg); }
.unsure { --tone: var(--unsure); --tint: var(--unsure-bg); }
.caught { --tone: var(--caught); --tint: var(--caught-bg); }
.passed { --tone: var(--passed); --tint: var(--passed-bg); }
.warning { margin-top: .9rem; padding: .6rem .9rem; border-radius: 8px; background: var(--false-alarm-bg); color: var(--ink); }
.warning a { color: inherit; font-weight: 600; }
#images .warning { margin: 0 0 .9rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .5rem .7rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
.numbers th, .numbers td { white-space: nowrap; text-align: right; }
.numbers th:first-child, .numbers .text { text-align: left; }
.numbers th[scope=row] { max-width: 22rem; white-space: normal; overflow-wrap: break-word; min-width: 7rem; }
.numbers .text { white-space: normal; min-width: 6.5rem; overflow-wrap: anywhere; }
thead th { color: var(--ink-2); font-size: .87rem; font-weight: 500; }
thead th[scope=colgroup] { text-align: center; padding-bottom: .2rem; border-bottom: 0; }
thead tr:first-child:not(:last-child) td { border-bottom: 0; }
tbody th { font-weight: 600; }
tbody tr:last-child > * { border-bottom: 0; }
tfoot > tr > * { font-weight: 700; border-top: 2px solid var(--line); border-bottom: 0; }
abbr { text-decoration: underline dotted; text-underline-offset: 3px; cursor: help; }
.metric::after { content: ""; display: block; height: 3px; margin: 2px 0 0 auto; width: 3.6rem; border-radius: 2px; background: linear-gradient(to right, var(--image) var(--share, 0%), var(--line) 0); }
.metric[title]::after { visibility: hidden; }
.alert { color: var(--missed); font-weight: 700; }
.notes { margin: .6rem 0 0; padding: 0; list-style: none; font-size: .92rem; }
details > summary { cursor: pointer; font-weight: 500; }
.meanings { margin-top: .8rem; }
.meanings summary { color: var(--accent); }
.meanings dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); gap: .8rem 2rem; margin: .8rem 0 0; }
td small { display: block; color: var(--ink-2); font-size: .8rem; font-variant-numeric: tabular-nums; }
dt small { font-weight: 400; color: var(--ink-2); }
.meanings dt { font-weight: 600; }
.meanings dd { margin: 0; color: var(--ink-2); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); gap: .9rem 1.5rem; margin: 0 0 1rem; }
.facts dt { color: var(--ink-2); font-size: .87rem; }
.facts dd { margin: 0; font-weight: 500; overflow-wrap: anywhere; }
.wide-fact { grid-column: 1 / -1; }
.paths { columns: 24rem; padding-left: 2.2rem; }
#left-out h3 { margin: 1rem 0 .5rem; }
.count { padding: .05rem .5rem; border-radius: 99px; background: var(--raised); color: var(--ink-2); font-size: .82rem; font-weight: 500; font-variant-numeric: tabular-nums; }

.toolbar { display: flex; flex-wrap: wrap; gap: .6rem 1.25rem; align-items: center; }
button, select { font: inherit; color: inherit; }
.filters { display: flex; flex-wrap: wrap; gap: .4rem; }
.filters button, .readout button, select { padding: .3rem .75rem; border: 1px solid var(--line); border-radius: 99px; background: var(--surface); cursor: pointer; }
.filters button[aria-pressed=true] { background: var(--ink); border-color: var(--ink); color: var(--bg); }
button:disabled { opacity: .5; cursor: default; }
.legend { display: flex; flex-wrap: wrap; gap: .4rem 1.1rem; align-items: center; color: var(--ink-2); font-size: .9rem; margin-left: auto; }
.scale { display: inline-flex; gap: .45rem; align-items: center; font-variant-numeric: tabular-nums; }
.inferno { width: 6.5rem; height: .65rem; border-radius: 3px; box-shadow: 0 0 0 1px var(--line); background: linear-gradient(to right, #000004, #420a68, #932667, #dd513a, #fca50a, #fcffa4); }
.swatch::before { content: ""; display: inline-block; width: 1.1rem; height: .65rem; margin-right: .4rem; border: 2px solid #1fb5d6; border-radius: 50%; }
.swatch.hatched::before { border: 0; border-radius: 2px; background: repeating-linear-gradient(-45deg, #96aabe 0 2px, #3c4650 2px 6px); }
.swatch.mask::before { border-color: #4fd12b; }
.swatch input { accent-color: var(--accent); margin: 0; vertical-align: -1px; }
.group { margin-top: 1.5rem; }
.group h3 { display: flex; gap: .5rem; align-items: center; margin-bottom: .6rem; overflow-wrap: anywhere; }
.dot { flex: none; width: .6rem; height: .6rem; border-radius: 50%; background: var(--tone); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); gap: .9rem; }
.more { margin-top: .9rem; }
.more > summary { display: inline-block; padding: .3rem .9rem; border: 1px solid var(--line); border-radius: 99px; background: var(--surface); }
.more[open] > summary { margin-bottom: .9rem; }
.card { overflow: hidden; content-visibility: auto; contain-intrinsic-size: auto 21rem auto 16rem; padding-bottom: .55rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 2px; width: 100%; padding: 0; border: 0; background: none; cursor: zoom-in; }
.pair:focus-visible { outline-offset: -2px; }
.view { position: relative; width: 100%; max-width: calc(20rem * var(--ratio)); aspect-ratio: var(--ratio); margin: auto; overflow: hidden; }
.view img { display: block; width: 100%; height: 100%; }
.truth { position: absolute; inset: 0; width: 100%; height: 100%; }
.truth path { fill: none; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.truth-rim { stroke: rgb(0 0 0 / .55); stroke-width: 3; }
.truth-line { stroke: #6dff3f; stroke-width: 1.5; }
.no-truth .truth { display: none; }
.caption { display: flex; gap: .5rem; align-items: baseline; padding: .5rem .75rem 0; font-size: .9rem; }
.caption + .caption { padding-top: .2rem; }
.caption .score { font-variant-numeric: tabular-nums; }
.caption .times, .caption .path { color: var(--ink-2); }
.caption .times { margin-left: auto; font-size: .85rem; font-variant-numeric: tabular-nums; }
.caption .defect { font-weight: 500; flex: none; max-width: 60%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.caption .path { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; margin-left: auto; font-size: .85rem; }
.badge { display: inline-flex; gap: .3rem; align-items: center; padding: .05rem .5rem; border-radius: 99px; background: var(--tint); color: var(--tone); font-size: .82rem; font-weight: 600; white-space: nowrap; }
.badge i { font-style: normal; font-weight: 700; }
dialog { width: min(96vw, 1300px); max-height: 96vh; padding: 0; border: 1px solid var(--line); border-radius: var(--radius); background: var(--surface); color: var(--ink); }
dialog::backdrop { background: rgb(0 0 0 / .7); }
dialog form { display: flex; gap: .5rem; align-items: center; padding: .6rem .75rem; }
dialog form span { flex: 1; min-width: 0; font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
dialog form button { width: 2.2rem; height: 2.2rem; border: 1px solid var(--line); border-radius: 8px; background: var(--surface); cursor: pointer; }
dialog .pair { cursor: default; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); }
dialog .view { max-width: calc(74vh * var(--ratio)); }
dialog .caption { padding-inline: 1rem; }
dialog .caption:last-child { padding-bottom: .9rem; }

.explorer { padding: 1rem 1.25rem 1.1rem; }
.plot { position: relative; }
.plot svg, .chart svg { display: block; width: 100%; height: auto; }
.narrow { display: none; }
.over { position: absolute; inset: 0; pointer-events: none; }
.plot { --along: calc(var(--left) + (100% - var(--left) - var(--right)) * var(--place) / 100); --doubt-along: calc(var(--left) + (100% - var(--left) - var(--right)) * var(--doubt) / 100); }
.beyond, .threshold-line { position: absolute; top: 0; bottom: var(--foot, 14.3%); left: var(--along); }
.beyond { right: var(--right); background: var(--bad); opacity: .08; }
.doubt, .doubt-line { position: absolute; top: 0; bottom: var(--foot, 14.3%); left: var(--doubt-along); }
.doubt { width: max(0px, var(--along) - var(--doubt-along)); background: var(--unsure); opacity: .12; }
.doubt-line { border-left: 2px dashed var(--unsure); margin-left: -1px; }
.threshold-line { width: 2px; margin-left: -1px; background: var(--ink); }
.corner { position: absolute; color: var(--ink-2); font-size: .87rem; padding: .1rem .4rem; background: color-mix(in srgb, var(--surface) 75%, transparent); border-radius: 6px; }
.corner b { color: var(--ink); font-size: 1.05rem; font-variant-numeric: tabular-nums; }
.corner.top { top: 0; } .corner.bottom { bottom: calc(var(--foot, 14.3%) + 2px); }
.corner.left { left: calc(var(--left) + .2rem); } .corner.right { right: calc(var(--right) + .2rem); }
.slider { margin: .2rem calc(var(--right) - 8px) 0 calc(var(--left) - 8px); }
.slider input { display: block; width: 100%; height: 24px; margin: 0; appearance: none; background: none; cursor: ew-resize; }
.slider input::-webkit-slider-runnable-track { height: 4px; border-radius: 2px; background: var(--line); }
.slider input::-moz-range-track { height: 4px; border-radius: 2px; background: var(--line); }
.slider input::-webkit-slider-thumb { appearance: none; width: 16px; height: 16px; margin-top: -6px; border: 0; border-radius: 50%; background: var(--ink); }
.slider input::-moz-range-thumb { width: 16px; height: 16px; border: 0; border-radius: 50%; background: var(--ink); }
.readout > p { display: flex; flex-wrap: wrap; gap: .3rem .7rem; align-items: center; min-height: 2.4rem; margin: .3rem 0 .2rem; }
.readout output { font-size: 1.2rem; font-weight: 700; font-variant-numeric: tabular-nums; min-width: 5.5rem; }
.readout button { margin-left: auto; font-size: .9rem; }
.curves { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: .9rem; }
#curves details { margin-top: .9rem; }
#curves summary { margin-bottom: .6rem; font-weight: 600; overflow-wrap: anywhere; }
.chart { display: flex; flex-direction: column; margin: 0; padding: .9rem 1rem .6rem; }
.chart [role=img] { margin-top: auto; }
.chart figcaption { margin-bottom: .5rem; color: var(--ink-2); font-size: .9rem; }
.chart h3 { color: var(--ink); }
.chart b { color: var(--ink); font-variant-numeric: tabular-nums; }
.key { white-space: nowrap; margin-right: .7rem; }
.key::before { content: ""; display: inline-block; width: 1rem; height: 3px; border-radius: 2px; margin-right: .4rem; vertical-align: middle; background: var(--tone); }
.key-image { --tone: var(--image); } .key-pixel { --tone: var(--pixel); }
.key-mark::before { width: .7rem; height: .7rem; border: 2.5px solid var(--ink); border-radius: 50%; background: var(--surface); }
.empty { padding: 2rem 0; color: var(--ink-2); }
footer { padding-block: 3rem 2rem; font-size: .87rem; }

@media (max-width: 900px) {
  .panel { padding-inline: .8rem; }
  th, td { padding-inline: .35rem; }
  td small { font-size: .75rem; }
  .numbers th[scope=row] { min-width: 5.5rem; }
}
@media (max-width: 640px) {
  .tiles { grid-auto-flow: row; grid-template-columns: 1fr 1fr; }
  .panel, .explorer { padding-inline: .9rem; }
  th, td { padding-inline: .45rem; }
  .legend { margin-left: 0; }
  .wide { display: none; } .narrow { display: block; }
  .plot { --foot: 13.4%; }
  .doubt-count { display: none; }
  .corner b { display: block; line-height: 1; } .corner.right { text-align: right; }
}
@media print {
  :root { --bg: #fff; --shadow: none; color-scheme: light; }
  @page { margin: 12mm; }
  html { font-size: 10px; }
  body { font-size: 1rem; }
  header, main { max-width: none; padding-inline: 0; }
  th, td { padding: .3rem .45rem; }
  .scroll { overflow: visible; }
  .numbers th, .numbers th[scope=row] { white-space: normal; }
  nav, footer, .screen-only, dialog, .skip, .more, .meanings:not([open]) { display: none !important; }
  header { padding-top: 0; }
  .card { content-visibility: visible; }
  .cards { grid-template-columns: repeat(4, 1fr); gap: .5rem; }
  .caption { padding-inline: .5rem; font-size: .85rem; }
  .curves { grid-template-columns: repeat(3, 1fr); }
  .legend { margin-left: 0; }
  .card, .chart, .tile, tr, .explorer { break-inside: avoid; }
  h2, h3, .lead, .toolbar { break-after: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`;
