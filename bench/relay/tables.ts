/** The summary as tables. */
import Table from 'cli-table3';
import { type Spread, spread, spreadText } from '../spread.js';
import { DIRECT, type Measurement } from './rounds.js';
import { addedUs, costRatio, costUs, failedOf, idleMib, samplesOf, type Verdict } from './summary.js';
import { IDLE_STREAMS, type Workload } from './workloads.js';

const MIB = 2 ** 20;
const PLAIN = { head: [], border: [], compact: true };

/** One row a gateway: what it cost in this test, and against whom. */
export function workloadTable(measurement: Measurement, workload: Workload, gateways: readonly string[]): string {
  const { name, unit, summary } = workload;
  const others = ['pipe', 'nginx', 'portkey'].filter((other) => gateways.includes(other));
  const added = unit === 'chunk' ? ['+delay p50 us', '+first chunk p50 us'] : ['+latency p50 us'];
  const head = ['gateway', `CPU us/${unit}`, ...others.map((other) => `x ${other}`), `${unit}s/s`, ...added, 'failed'];
  const table = new Table({ head, style: PLAIN, colAligns: head.map((_, at) => (at === 0 ? 'left' : 'right')) });
  for (const gateway of [DIRECT, ...gateways]) {
    const own = samplesOf(measurement, name, gateway);
    const rate = own.map(({ report }) => ((unit === 'chunk' ? report.chunks : report.requests) / report.wallUs) * 1e6);
    const series = unit === 'chunk' ? (['delayUs', 'firstChunkUs'] as const) : (['latencyUs'] as const);
    table.push([
      gateway,
      text(spread(own.map(costUs)), 1),
      ...others.map((other) => text(costRatio(measurement, name, [gateway, other]), 2)),
      median(spread(rate)),
      ...series.map((each) => (gateway === DIRECT ? '' : text(addedUs(measurement, name, gateway, each), 0))),
      failedOf(measurement, [name], gateway) ?? '',
    ]);
  }
  return `${name}: ${summary}\n${table.toString()}`;
}

export function idleTable({ idle }: Measurement, gateways: readonly string[]): string {
  const head = ['gateway', 'MiB before', `MiB with ${IDLE_STREAMS} streams`, 'MiB per 1000', 'CPU us/s', 'all came up'];
  const table = new Table({ head, style: PLAIN, colAligns: head.map((_, at) => (at === 0 ? 'left' : 'right')) });
  for (const gateway of gateways) {
    const own = idle.filter((sample) => sample.gateway === gateway);
    if (own.length === 0) continue;
    table.push([
      gateway,
      text(spread(own.map(({ rssBeforeBytes }) => rssBeforeBytes / MIB)), 0),
      text(spread(own.map(({ rssWithBytes }) => rssWithBytes / MIB)), 0),
      text(idleMib(idle, gateway), 1),
      median(spread(own.map(({ cpuUsPerSecond }) => cpuUsPerSecond))),
      yesNo(own.every(({ ready }) => ready)),
    ]);
  }
  return `idle: ${IDLE_STREAMS} open streams that say nothing\n${table.toString()}`;
}

export function targetTable(gateway: string, verdicts: readonly Verdict[]): string {
  const head = [`target for ${gateway}`, 'measured', 'must', 'met', 'goal', 'met'];
  const table = new Table({ head, style: PLAIN, colAligns: ['left', 'right', 'right', 'left', 'right', 'left'] });
  for (const { name, unit, measured, must, goal, meetsMust, meetsGoal } of verdicts) {
    const digits = unit.startsWith('x') ? 2 : unit === 'MiB' ? 1 : 0;
    const limit = (value: number | undefined) => (value === undefined ? '' : `<= ${Number(value.toFixed(3))}`);
    const label = unit === '' ? name : `${name} (${unit})`;
    table.push([
      label,
      text(measured, digits) || 'not measured',
      limit(must),
      yesNo(meetsMust),
      limit(goal),
      yesNo(meetsGoal),
    ]);
  }
  return table.toString();
}

function text(measured: Spread | undefined, digits: number): string {
  return measured === undefined ? '' : spreadText(measured, digits);
}

function median(measured: Spread | undefined): string {
  return measured === undefined ? '' : measured.median.toFixed(0);
}

function yesNo(met: boolean | undefined): string {
  return met === undefined ? '' : met ? 'yes' : 'NO';
}
