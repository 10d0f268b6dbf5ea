/**
 * The report that a person reads when a run is over: one screen, the verdict first. Pure: the text of a result, with no
 * line break at its end. `docs` of every figure are the definitions in `result.ts`.
 */
import type { BenchResult } from '../result.js';
import { comparisonLines } from './terminal/comparison.js';
import { clientLines, savedLines, tokenLines, warningLines } from './terminal/footer.js';
import { targetLines, verdictLines } from './terminal/head.js';
import { histogramLines, latencyLines } from './terminal/latency.js';
import { requestsLines } from './terminal/requests.js';
import { type TerminalOptions, terminalStyle } from './terminal/style.js';
import { throughputLines, timelineLines } from './terminal/throughput.js';

export function renderTerminal(result: BenchResult, options: TerminalOptions): string {
  const style = terminalStyle(options);
  const shown = withoutControls(result);
  const blocks = [
    targetLines(shown, style),
    [...verdictLines(shown, style), ...comparisonLines(shown, style)],
    requestsLines(shown),
    latencyLines(shown),
    histogramLines(shown, style),
    throughputLines(shown),
    timelineLines(shown, style),
    [
      ...clientLines(shown, style),
      ...tokenLines(shown),
      ...warningLines(shown, style),
      ...savedLines(options.saved.map(withoutControls)),
    ],
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** A server that names its model with escape sequences shall not drive the terminal. */
function withoutControls<T>(value: T): T {
  const clean = (_key: string, member: unknown): unknown =>
    typeof member === 'string' ? member.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ') : member;
  return JSON.parse(JSON.stringify(value, clean)) as T;
}
