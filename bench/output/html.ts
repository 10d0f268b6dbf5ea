/**
 * The result as one HTML page that needs nothing else: no scripts, no fonts, no requests (its own policy forbids them), so
 * it can be kept as an artifact and opened years later. Everything from the result is escaped on its way in.
 */
import type { BenchResult, LatencyName, VerdictStatus } from '../result.js';
import { fixed, percent, short } from './figures.js';
import { histogramValues } from './histogram-values.js';
import { Markup, markup } from './markup.js';
import { type Curve, histogramPlot, sharePlot, spoken } from './page/latency-plots.js';
import { STYLE } from './page/style.js';
import { comparisonSection, factsSections, gatesSection, latencySection } from './page/tables.js';
import { inFlightPlot, throughputPlot } from './page/timeline-plots.js';
import { configText, VERDICT_WORDS, verdictSummary } from './wording.js';

const TONES: Readonly<Record<VerdictStatus, string>> = {
  pass: 'good',
  fail: 'bad',
  regression: 'bad',
  inconclusive: 'unsure',
  interrupted: 'unsure',
};

export function renderHtml(result: BenchResult): string {
  const { target, verdict } = result;
  const word = VERDICT_WORDS[verdict.status];
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>${word}: gollama bench of ${target.model}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<main>
<header class="${TONES[verdict.status]}">
<h1><strong>${word}</strong> ${verdictSummary(result)}</h1>
<p><code>${target.model}</code> at <code>${target.url}</code>, ${target.endpoint}, ${target.stream ? 'streaming' : 'not streaming'}</p>
<p>${configText(result)} · ${result.run.started_at} · exit code ${verdict.exit_code}</p>
</header>
${warningList(result)}${tiles(result)}${gatesSection(result)}${comparisonSection(result)}${plots(result)}${latencySection(result)}${factsSections(result)}
<footer><p>gollama ${result.tool.version}, ${result.schema}</p></footer>
</main>
</body>
</html>
`.text;
}

function warningList({ warnings }: BenchResult): Markup | null {
  if (warnings.length === 0) return null;
  return markup`<ul class="warnings">${warnings.map(({ message }) => markup`<li>${message}</li>`)}</ul>
`;
}

function tiles({ throughput, latency_ms, requests }: BenchResult): Markup {
  const latency = (['ttft', 'tpot', 'e2e'] as const).map((name) => {
    const found = latency_ms[name];
    const [low, high] = found?.p50_ci95 ?? [null, null];
    const interval = low === null || high === null ? '' : `95% CI ${spoken(low)} to ${spoken(high)}`;
    const [figure = '-', unit = ''] = found ? spoken(found.p50).split(' ') : [];
    return tile(`${name.toUpperCase()}, median`, figure, unit, interval);
  });
  const steady = throughput.output_tps_steady === null ? '' : `${short(throughput.output_tps_steady)} while steady`;
  return markup`<div class="tiles">${[
    tile('Output', fixed(throughput.output_tps), 'tokens/s', steady),
    ...latency,
    tile('Success', percent(requests.success_rate), '', `${requests.successful} of ${requests.total} requests`),
  ]}</div>
`;
}

function tile(title: string, figure: string, unit: string, note: string): Markup {
  return markup`<dl class="tile"><dt>${title}</dt><dd>${figure} <small>${unit}</small></dd><dd class="quiet">${note}</dd></dl>`;
}

function plots(result: BenchResult): Markup | null {
  const [e2e, ttft, tpot, icl] = (['e2e', 'ttft', 'tpot', 'icl'] as const).map((name) => curve(result, name));
  const shares = [e2e, ttft].flatMap((found) => found ?? []);
  const drawn: Markup[] = [];
  if (shares.length > 0) drawn.push(figure('Latency', 'share of requests that were there by then', sharePlot(shares)));
  if (ttft) drawn.push(figure('TTFT', 'time to the first token', histogramPlot(ttft)));
  if (tpot) drawn.push(figure('TPOT', 'time per token after the first, of each request', histogramPlot(tpot)));
  if (icl) drawn.push(figure('ICL', 'gaps between events that bear tokens', histogramPlot(icl)));
  const { output_tokens: tokens, in_flight: inFlight } = result.timeseries;
  const steady = result.windows.steady ? ', steady time shaded' : '';
  if (tokens.length > 1) drawn.push(figure('Throughput', `output tokens a second${steady}`, throughputPlot(result)));
  if (inFlight.length > 1) drawn.push(figure('In flight', 'requests at once', inFlightPlot(result)));
  return drawn.length === 0
    ? null
    : markup`<div class="plots">${drawn}</div>
`;
}

function curve(
  { histograms, latency_ms }: BenchResult,
  name: Extract<LatencyName, 'e2e' | 'ttft' | 'tpot' | 'icl'>,
): Curve | null {
  const values = histogramValues(histograms[name]);
  const figures = latency_ms[name];
  return values === null || figures === null ? null : { title: name.toUpperCase(), values, figures };
}

function figure(title: string, about: string, drawing: Markup): Markup {
  return markup`<figure><figcaption>${title} <span>${about}</span></figcaption>${drawing}</figure>
`;
}
