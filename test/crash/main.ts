/** `npm run test:crash`: does a server that is killed keep its promises? A short version is part of `npm test`. */
import { renderTable } from '../../src/cli/table.js';
import { optionsOr } from '../support/command-line.js';
import { endAll } from '../support/ending.js';
import { type CrashReport, crashRun } from './crash-run.js';
import { type CrashOptions, readOptions, USAGE } from './options.js';

async function main(): Promise<number> {
  const options = optionsOr(readOptions, USAGE);
  if (typeof options === 'number') return options;
  process.stdout.write(`seed ${options.seed}\n`);
  try {
    const report = await crashRun(options, tell);
    process.stdout.write(`${text(report, options)}\n`);
    return report.violations.length === 0 ? 0 : 1;
  } catch (error) {
    process.stdout.write(`${String(error)}\nFAILED (--seed ${options.seed})\n`);
    return 1;
  } finally {
    await endAll();
  }
}

function text(report: CrashReport, { seed, rounds, clients }: CrashOptions): string {
  const { recoveriesMs, violations } = report;
  const rows = [
    ...rowsOf(report.kills),
    ...rowsOf(report.clients),
    ...rowsOf(report.tasks, 'at the end '),
    ...rowsOf(report.runs, 'runs '),
    ['start until it listens, p50', `${quantile(recoveriesMs, 0.5)} ms`],
    ['start until it listens, p99', `${quantile(recoveriesMs, 0.99)} ms`],
  ];
  return [
    '',
    renderTable([{ title: 'what' }, { title: 'count', align: 'right' }], rows),
    '',
    ...violations.map((violation) => `BROKEN ${violation}`),
    violations.length === 0 ? 'PASSED: every promise was kept' : `FAILED: ${violations.length} promises were broken`,
    `to draw the same again: --seed ${seed} --rounds ${rounds} --clients ${clients}`,
  ].join('\n');
}

function rowsOf(counts: Readonly<Record<string, number>>, before = ''): string[][] {
  return Object.entries(counts).map(([what, count]) => [`${before}${what}`, String(count)]);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}

function tell(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
  else process.stderr.write(`${line}\n`);
}

process.exitCode = await main();
