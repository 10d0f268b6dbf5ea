/** The style of the page: light or dark as its reader has it, no fonts and nothing else from elsewhere. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1a1d23; --quiet: #5c6470; --line: #e3e6eb; --grid: #eceef2;
  --first: #2f5fd0; --first-soft: #2f5fd022; --second: #b4541a;
  --good: #14703f; --good-soft: #14703f1a; --bad: #b3261e; --bad-soft: #b3261e1a; --unsure: #8a5a00; --unsure-soft: #8a5a001f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101216; --card: #181b21; --ink: #e7e9ee; --quiet: #9aa3b2; --line: #2b303a; --grid: #242932;
    --first: #8aabff; --first-soft: #8aabff2b; --second: #f0a070;
    --good: #5fd08f; --good-soft: #5fd08f24; --bad: #ff8a80; --bad-soft: #ff8a8026; --unsure: #f0c060; --unsure-soft: #f0c06026;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1200px; margin: 0 auto; padding: 32px 24px 48px; }
header { border-left: 6px solid var(--tone); padding-left: 18px; margin-bottom: 24px; }
header.good { --tone: var(--good); } header.bad { --tone: var(--bad); } header.unsure { --tone: var(--unsure); }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 6px; font-weight: 650; }
h1 strong { color: var(--tone); font-weight: 750; }
h2 { font-size: 16px; margin: 0 0 12px; font-weight: 650; }
h3 { font-size: 14px; margin: 0 0 8px; font-weight: 600; }
p { margin: 6px 0; }
.quiet, header p { color: var(--quiet); }
code { font: 0.94em ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
section, .tile, figure { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
section { padding: 18px 20px; margin-bottom: 16px; }
.tiles, .plots, .columns { display: grid; gap: 16px; margin-bottom: 16px; }
.tiles { grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); }
.plots { grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); }
.columns { grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); }
.columns section { margin: 0; }
.tile { padding: 14px 16px; }
.tile dt { color: var(--quiet); font-size: 13px; }
.tile dd { margin: 2px 0 0; font-size: 25px; font-weight: 650; font-variant-numeric: tabular-nums; line-height: 1.25; }
.tile dd small { font-size: 14px; font-weight: 500; color: var(--quiet); }
.tile dd.quiet { font-size: 13px; font-weight: 400; }
dl { margin: 0; }
details dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 8px 0; }
details dt { font-weight: 600; } details dd { margin: 0; color: var(--quiet); }
summary { cursor: pointer; margin-top: 6px; }
figure { margin: 0; padding: 14px 16px 8px; }
figcaption { font-weight: 600; font-size: 14px; margin-bottom: 6px; }
figcaption span { font-weight: 400; color: var(--quiet); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: 5px 12px 5px 0; text-align: left; vertical-align: baseline; border-top: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th, thead td { border-top: 0; color: var(--quiet); font-weight: 500; font-size: 13px; }
tbody th { font-weight: 500; white-space: pre; }
.figure { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.figure + td:not(.figure), .figure + th:not(.figure) { padding-left: 12px; }
th.middle { text-align: center; width: 240px; } .drawing { width: 240px; line-height: 1; text-align: center; }
tbody td:has(> .pill) { width: 110px; }
.weak { color: var(--quiet); }
.facts th { color: var(--quiet); font-weight: 400; width: 44%; }
.facts td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.facts tr:first-child > * { border-top: 0; }
.pill { display: inline-block; padding: 0 9px; border-radius: 99px; font-size: 13px; font-weight: 600; white-space: nowrap; color: var(--quiet); }
.pill.good { color: var(--good); background: var(--good-soft); }
.pill.bad { color: var(--bad); background: var(--bad-soft); }
.pill.unsure { color: var(--unsure); background: var(--unsure-soft); }
.warnings { list-style: none; margin: 0 0 16px; padding: 10px 16px; border-radius: 10px; color: var(--unsure); background: var(--unsure-soft); }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { font: 12px system-ui, sans-serif; fill: var(--quiet); font-variant-numeric: tabular-nums; }
.grid { stroke: var(--grid); } .axis, .stub { stroke: var(--line); }
.curve { fill: none; stroke: var(--first); stroke-width: 2; stroke-linejoin: round; }
path.curve2 { stroke: var(--second); stroke-dasharray: 6 3; }
svg text.label { fill: var(--ink); font-weight: 600; paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; }
svg text.curve1 { fill: var(--first); stroke-width: 4px; } svg text.curve2 { fill: var(--second); }
.area { fill: var(--first-soft); }
.bar { fill: var(--first); } .bar:hover { fill: var(--second); }
.mark { stroke: var(--ink); stroke-dasharray: 3 3; }
.steady { fill: var(--grid); opacity: 0.6; }
.failure { fill: var(--bad); }
svg.interval { width: 240px; display: inline-block; color: var(--quiet); vertical-align: middle; }
svg.interval.good { color: var(--good); } svg.interval.bad { color: var(--bad); } svg.interval.unsure { color: var(--unsure); }
.zero { stroke: var(--quiet); stroke-dasharray: 2 2; } .range { stroke: currentColor; stroke-width: 2; stroke-linecap: round; } svg.interval circle { fill: currentColor; }
footer { color: var(--quiet); font-size: 13px; }
@media print { body { background: #fff; } section, figure, .tile { break-inside: avoid; } }
`;
