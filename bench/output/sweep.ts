/** A sweep as a table: a row for each concurrency, the knee marked. */

import { alignColumns } from '../../src/base/text-columns.js';
import type { BenchResult } from '../result.js';
import { fixed, spokenMs } from './figures.js';

export function renderSweep(steps: readonly BenchResult[], knee: BenchResult | undefined): string {
  const head = ['In flight', 'Requests/s', 'Output tok/s', 'TTFT P50', 'TPOT P50', 'E2E P50', 'E2E P95', 'Failed', ''];
  const rows = steps.map((step) => [
    String(step.load.concurrency ?? '-'),
    figure(step.throughput.request_rps),
    figure(step.throughput.output_tps),
    time(step.latency_ms.ttft?.p50),
    time(step.latency_ms.tpot?.p50),
    time(step.latency_ms.e2e?.p50),
    time(step.latency_ms.e2e?.p95),
    String(step.requests.failed),
    step === knee ? '<- knee' : '',
  ]);
  const columns = head.map((_, at) => ({ align: at === head.length - 1 ? ('left' as const) : ('right' as const) }));
  return alignColumns([head, ...rows], columns).join('\n');
}

function figure(value: number | null): string {
  return value === null ? '-' : fixed(value, 2);
}

function time(ms: number | undefined): string {
  return ms === undefined ? '-' : spokenMs(ms);
}
