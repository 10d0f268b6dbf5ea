/** How many requests there were, how they ended and how long it took. */

import { alignColumns } from '../../../src/base/text-columns.js';
import type { BenchResult } from '../../result.js';
import { fixed, percent, percentRange, sortedCounts } from '../figures.js';

export function requestsLines(result: BenchResult): readonly string[] {
  const { requests } = result;
  const left: [string, string][] = [
    ['Total Requests', `${requests.total}`],
    ['Successful', `${requests.successful}`],
    ['Failed', `${requests.failed}`],
    ...sortedCounts(requests.by_error).map(([name, count]): [string, string] => [`  ${name}`, `${count}`]),
  ];
  if (requests.incomplete > 0) left.push(['Incomplete', `${requests.incomplete}`]);
  const right = outcomeRows(result);
  const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, at) => {
    const [name = '', count = ''] = left[at] ?? [];
    const [title = '', value = ''] = right[at] ?? [];
    return [name.padEnd(14), count.padStart(5), `      ${title}`, value];
  });
  return ['Requests', ...alignColumns(rows, [{}, { align: 'right' }, {}, {}], { indent: 2 })];
}

function outcomeRows({ requests, run, concurrency }: BenchResult): readonly [string, string][] {
  const range = requests.success_rate_ci95;
  const rate = percent(requests.success_rate) + (range ? `  (95% CI ${percentRange(range)})` : '');
  const asked = concurrency.target === null ? '' : `, ${concurrency.target} asked`;
  const inFlight = `${fixed(concurrency.mean)} mean, ${concurrency.peak} peak${asked}`;
  return [
    ['Success Rate', rate],
    ['Duration', `${fixed(run.duration_s)}s`],
    ['In flight', inFlight],
  ];
}
