/** The head of a comparison: base against head, change and interval, and what is to be thought of it. */

import { alignColumns, wrapText } from '../../../src/base/text-columns.js';
import type { BenchResult, ComparedMetric } from '../../result.js';
import {
  comparedChange,
  comparedInterval,
  comparedValue,
  comparedVerdict,
  comparisonText,
  metricTitle,
} from '../wording.js';
import type { TerminalStyle, Tone } from './style.js';

const NAME_MAX = 16;
const TONES: Readonly<Record<ComparedMetric['verdict'], Tone | undefined>> = {
  better: 'good',
  worse: 'bad',
  same: undefined,
  inconclusive: 'unsure',
};

export function comparisonLines({ comparison, workload }: BenchResult, style: TerminalStyle): readonly string[] {
  if (comparison === null) return [];
  const [base, head] = shortNames(comparison.base, comparison.head);
  const rows = comparison.metrics.map((metric) => {
    const tone = TONES[metric.verdict];
    const verdict = comparedVerdict(metric);
    return [
      metricTitle(metric.metric),
      comparedValue(metric.base, metric),
      comparedValue(metric.head, metric),
      comparedChange(metric),
      ` ${comparedInterval(metric)}`,
      tone ? style.tint(tone, verdict) : verdict,
    ];
  });
  const columns = [{}, { align: 'right' }, { align: 'right' }, { align: 'right' }, {}, {}] as const;
  const table = alignColumns([['', base, head, 'change', ' 95% CI', 'verdict'], ...rows], columns, { indent: 2 });
  const guards = comparison.guards.flatMap((guard) =>
    wrapText(`! not comparable: ${guard}`, style.width, { margin: 2 }),
  );
  return [` vs ${comparisonText(comparison, workload.hash, style.ascii)}`, ...table, ...guards];
}

/** `main` of `main@3f2a91c`, unless both are called so. */
function shortNames(base: string, head: string): readonly [string, string] {
  const cut = (name: string): string => [...name.replace(/(.)@.*$/, '$1')].slice(0, NAME_MAX).join('');
  return cut(base) === cut(head) ? ['base', 'head'] : [cut(base), cut(head)];
}
