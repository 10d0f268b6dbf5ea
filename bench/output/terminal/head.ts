/** What is read first: what was measured, and whether it was good enough. */

import { alignColumns, wrapText } from '../../../src/base/text-columns.js';
import type { BenchResult, GateOutcome, VerdictStatus } from '../../result.js';
import {
  configText,
  gateActual,
  gateInterval,
  gateNote,
  gateText,
  isRatio,
  VERDICT_WORDS,
  verdictSummary,
} from '../wording.js';
import type { TerminalStyle, Tone } from './style.js';

/** Where the exit code ends: the right edge of the tables below. */
const EDGE = 74;
const GAP = 2;
const GATE_INDENT = 3;
const GATE_GAP = 3;
const NOTE_WIDTH_MIN = 20;

const TONES: Readonly<Record<VerdictStatus | GateOutcome['status'], Tone>> = {
  pass: 'good',
  fail: 'bad',
  regression: 'bad',
  inconclusive: 'unsure',
  interrupted: 'unsure',
};

export function targetLines(result: BenchResult, style: TerminalStyle): readonly string[] {
  const { url, endpoint, model, stream } = result.target;
  const about = `${url}   model ${model}   ${endpoint}, ${stream ? 'streaming' : 'not streaming'}`;
  const rows = [
    ['Service URL', about],
    ['Config', configText(result, style.ascii)],
  ];
  return alignColumns(rows, [{}, { width: style.width - 13 }]);
}

export function verdictLines(result: BenchResult, style: TerminalStyle): readonly string[] {
  const lines = [...titleLines(result, style), ...gateLines(result, style), ...remedyLines(result, style)];
  return style.ascii ? lines.map((line) => line.replaceAll('·', style.dot)) : lines;
}

function titleLines(result: BenchResult, style: TerminalStyle): readonly string[] {
  const { status, exit_code: code } = result.verdict;
  const word = VERDICT_WORDS[status];
  const summary = verdictSummary(result);
  const exitCode = `exit code ${code}`;
  const taken = word.length + 2 + exitCode.length + 2 * GAP;
  const edge = taken + summary.length <= EDGE ? EDGE : style.width;
  const columns = [{}, { width: edge - taken }, { align: 'right' }] as const;
  return alignColumns([[style.badge(TONES[status], word), summary, exitCode]], columns, { gap: GAP });
}

function gateLines(result: BenchResult, style: TerminalStyle): readonly string[] {
  const rows = result.gates.map((gate) => {
    const why = gateNote(gate, result);
    // The interval of a rate stands below already, where its reason needs the place.
    const interval = why !== '' && isRatio(gate.expr) ? '' : gateInterval(gate);
    return {
      tone: TONES[gate.status],
      gate: gateText(gate.expr, style.ascii),
      actual: gateActual(gate),
      note: [interval && `(${interval})`, why].filter(Boolean).join('  '),
    };
  });
  const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => text.length));
  const markWidth = widest(Object.values(style.marks)) + 1;
  const taken =
    GATE_INDENT + markWidth + widest(rows.map(({ gate }) => gate)) + widest(rows.map(({ actual }) => actual));
  return alignColumns(
    rows.map(({ tone, gate, actual, note }) => [
      `${style.tint(tone, style.marks[tone])}${' '.repeat(markWidth - style.marks[tone].length)}${gate}`,
      actual,
      note,
    ]),
    [{}, {}, { width: Math.max(NOTE_WIDTH_MIN, style.width - taken - 2 * GATE_GAP) }],
    { indent: GATE_INDENT, gap: GATE_GAP },
  );
}

/** A client at its limits makes no judgement of the server: what to do about it. */
function remedyLines({ client, env }: BenchResult, style: TerminalStyle): readonly string[] {
  if (!client.saturated) return [];
  const remedy = env.cpus > client.workers ? `--workers ${client.workers + 1} or fewer streams` : 'fewer streams';
  return wrapText(`Tails of TTFT and of token gaps are the client's. Use ${remedy}.`, style.width, {
    margin: GATE_INDENT,
    hanging: 0,
  });
}
