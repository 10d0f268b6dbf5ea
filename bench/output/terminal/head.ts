/** What is read first: what was measured, and whether it was good enough. */
import type { BenchResult, GateOutcome, VerdictStatus } from '../../result.js';
import { configText, gateActual, gateInterval, gateNote, gateText, VERDICT_WORDS, verdictSummary } from '../wording.js';
import { alignColumns } from './columns.js';
import type { TerminalStyle, Tone } from './style.js';

/** Where the exit code ends: the right edge of the tables below. */
const EDGE = 74;
const EXIT_CODE_WIDTH = 14;

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
  const { status, exit_code: exitCode } = result.verdict;
  const badge = style.badge(TONES[status], VERDICT_WORDS[status]);
  const title = [badge, verdictSummary(result), `exit code ${exitCode}`];
  const summaryWidth = EDGE - VERDICT_WORDS[status].length - EXIT_CODE_WIDTH - 4;
  const columns = [{}, { width: summaryWidth }, { align: 'right', width: EXIT_CODE_WIDTH }] as const;
  return [...alignColumns([title], columns, { gap: 1 }), ...gateLines(result, style), ...remedyLines(result)].map(
    (line) => (style.ascii ? line.replaceAll('·', style.dot) : line),
  );
}

function gateLines(result: BenchResult, style: TerminalStyle): readonly string[] {
  const rows = result.gates.map((gate) => {
    const interval = gateInterval(gate);
    const note = [interval && `(${interval})`, gateNote(gate, result)].filter(Boolean).join('  ');
    return [
      style.tint(TONES[gate.status], style.marks[TONES[gate.status]]),
      gateText(gate.expr, style.ascii),
      ` ${gateActual(gate)}`,
      note,
    ];
  });
  return alignColumns(rows, [{}, {}, {}, {}], { indent: 3, gap: 1 });
}

/** A client at its limits makes no judgement of the server: what to do about it. */
function remedyLines({ client, env }: BenchResult): readonly string[] {
  if (!client.saturated) return [];
  const remedy = env.cpus > client.workers ? `--workers ${client.workers + 1} or fewer streams` : 'fewer streams';
  return [`   Tails of TTFT and of the gaps between tokens are the client's. Use ${remedy}.`];
}
