/** The summary as tables. */
import Table from 'cli-table3';
import { type Spread, spread, spreadText } from '../spread.js';
import { ENTRIES, IDIOMATIC, type Load, type Measurement, type Sample } from './rounds.js';
import { costRatio, costUs, samplesOf, sustained, type Verdict } from './summary.js';

const PLAIN = { head: [], border: [], compact: true };

/** One row a contestant. */
export function loadTable(measurement: Measurement, load: Load): string {
  const head = [
    'client',
    'CPU us/event',
    `x ${IDIOMATIC.name}`,
    'events/s',
    'loop use',
    'delay p50 ms',
    'mock us/event',
    'neighbour cores',
  ];
  const table = tableOf(head);
  for (const { name } of ENTRIES) {
    const own = samplesOf(measurement, load, name);
    const column = (figure: (sample: Sample) => number, digits: number) => text(spread(own.map(figure)), digits);
    table.push([
      name,
      column(costUs, 1),
      text(costRatio(measurement, load, name, IDIOMATIC.name), 2),
      column(({ report }) => (report.events * 1000) / report.wallMs, 0),
      column(({ report }) => report.elu, 2),
      column(({ report }) => report.delayP50Ms, 2),
      column(({ report, mockCpuUs }) => mockCpuUs / report.events, 1),
      column(({ neighbourCores }) => neighbourCores, 2),
    ]);
  }
  return `${load.streams} streams x ${load.tokensPerSecond} tokens/s\n${table.toString()}`;
}

export function climbTable(measurement: Measurement): string {
  const table = tableOf(['client', 'events/s']);
  for (const { name } of ENTRIES) table.push([name, text(sustained(measurement, name), 0)]);
  return `sustained while the delay p50 stays below 1 ms\n${table.toString()}`;
}

export function targetTable(verdicts: readonly Verdict[]): string {
  const table = tableOf(['target', 'measured', 'wanted', 'met']);
  for (const { name, measured, target, meets } of verdicts) {
    table.push([name, text(measured, 2), target ?? '', meets === undefined ? '' : meets ? 'yes' : 'NO']);
  }
  return table.toString();
}

function tableOf(head: string[]) {
  return new Table({ head, style: PLAIN, colAligns: head.map((_, at) => (at === 0 ? 'left' : 'right')) });
}

function text(figure: Spread | undefined, digits: number): string {
  return figure === undefined ? '-' : spreadText(figure, digits);
}
