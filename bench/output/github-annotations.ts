/**
 * Workflow commands of GitHub Actions that show what failed beside the run: `::error title=...::message`. GitHub shows ten
 * of a kind in a step; what is beyond is told in the tenth.
 */
import type { BenchResult } from '../result.js';
import {
  comparedChange,
  comparedInterval,
  comparedVerdict,
  gateActual,
  gateInterval,
  gateNote,
  gateText,
  metricTitle,
  verdictSummary,
} from './wording.js';

const ANNOTATIONS_MAX = 10;

interface Annotation {
  readonly title: string;
  readonly message: string;
}

/** Lines for stdout of the step, with the last line break; empty for a run that passed. */
export function renderGithubAnnotations(result: BenchResult): string {
  const { status } = result.verdict;
  if (status === 'pass') return '';
  if (status === 'inconclusive' || status === 'interrupted') {
    return lines('warning', [{ title: `gollama bench ${status}`, message: verdictSummary(result) }]);
  }
  const found = [...failedGates(result), ...slowerMetrics(result)];
  return lines(
    'error',
    found.length > 0 ? found : [{ title: 'gollama bench failed', message: verdictSummary(result) }],
  );
}

function failedGates(result: BenchResult): readonly Annotation[] {
  return result.gates
    .filter(({ status }) => status === 'fail')
    .map((gate) => ({
      title: `bench gate failed: ${gateText(gate.expr)}`,
      message: [`actual ${gateActual(gate)}`, gateInterval(gate), gateNote(gate, result)].filter(Boolean).join(', '),
    }));
}

function slowerMetrics({ comparison }: BenchResult): readonly Annotation[] {
  if (comparison?.status !== 'regression') return [];
  return comparison.metrics
    .filter(({ verdict }) => verdict === 'worse')
    .map((metric) => ({
      title: `bench regression: ${metricTitle(metric.metric)} ${comparedVerdict(metric)}`,
      message: `${comparedChange(metric)} against ${comparison.base}, 95% CI ${comparedInterval(metric)}`,
    }));
}

function lines(kind: 'error' | 'warning', found: readonly Annotation[]): string {
  const shown = found.slice(0, ANNOTATIONS_MAX);
  return shown
    .map(({ title, message }, at) => {
      const isLast = at === ANNOTATIONS_MAX - 1 && found.length > ANNOTATIONS_MAX;
      const text = isLast ? `${message} (and ${found.length - ANNOTATIONS_MAX} more)` : message;
      return `::${kind} title=${escapeProperty(title)}::${escapeData(text)}\n`;
    })
    .join('');
}

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions, as @actions/core escapes them. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
