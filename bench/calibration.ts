/**
 * Measures this side before the run: a child process serves stamped streams, as many and as fast as the run will have, and
 * the client of the run receives them. What it finds is the client's own share of the latencies, and its limit.
 *
 * The stamps are readings of a clock that both processes share (see `monotonicUs`): nothing is comparable over a network.
 */
import type { Clock } from '../src/base/clock.js';
import { GollamaError } from '../src/base/errors.js';
import { eventDelaysMs } from './event-delay.js';
import { monotonicUs } from './mock/monotonic.js';
import { MockProcess } from './mock/process.js';
import type { MockOptions } from './mock/server.js';
import type { Plan } from './plan.js';
import type { RequestRecord } from './record.js';
import type { ClientReport } from './result.js';
import { runLoad } from './run-load.js';

export type Calibration = NonNullable<ClientReport['calibration']>;

export interface CalibrationOptions {
  /** Streams at once. */
  readonly streams: number;
  /** Of each stream. */
  readonly tokensPerSecond: number;
  readonly durationMs: number;
  readonly workers: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export const CALIBRATION_DEFAULTS = { tokensPerSecond: 50, durationMs: 1_000 } as const;

/** Beyond what one thread takes: streams that are not paced need no more than keeps it busy. */
const BURST_STREAMS_MAX = 8;
const BURST_TOKENS = 1_500;
/** The same twice: the first time the code is compiled. */
const BURSTS = 2;
const TTFT_MS = 10;
const REQUEST_TIMEOUT_MS = 30_000;

/** Null where `signal` came first. The child process has ended by then. Throws `internal` where the mock does not answer. */
export async function calibrate(options: CalibrationOptions): Promise<Calibration | null> {
  const { streams, tokensPerSecond, durationMs, clock, signal } = options;
  const tokens = Math.max(2, Math.round((tokensPerSecond * durationMs) / 1000));
  const mock = await MockProcess.start(
    [mockOptions(tokensPerSecond, tokens), mockOptions(null, BURST_TOKENS)],
    clock,
    signal,
  );
  try {
    const [pacedUrl = '', burstUrl = ''] = mock.urls;
    const burstStreams = Math.min(streams, BURST_STREAMS_MAX);
    let burst = await play(options, burstUrl, burstStreams, BURST_TOKENS, 0);
    for (let more = 1; more < BURSTS && !signal.aborted; more += 1) {
      burst = await play(options, burstUrl, burstStreams, BURST_TOKENS, 0);
    }
    // Streams that begin together would write together: real ones drift apart. Ten intervals spread them evenly.
    const paced = await play(options, pacedUrl, streams, tokens, 10_000 / tokensPerSecond);
    if (signal.aborted) return null;
    const delays = paced.records.flatMap((record) => eventDelaysMs(record, paced.startedAtUs)).sort((a, b) => a - b);
    return {
      streams,
      delay_ms: { p50: quantile(delays, 0.5), p99: quantile(delays, 0.99) },
      cpu_us_per_event: paced.cpuUs / paced.events,
      max_events_per_s: (burst.events * 1000) / burst.wallMs,
    };
  } finally {
    await mock.stop();
  }
}

interface Played {
  readonly records: readonly RequestRecord[];
  readonly events: number;
  readonly cpuUs: number;
  readonly wallMs: number;
  /** On the clock of the stamps. */
  readonly startedAtUs: number;
}

async function play(
  { clock, signal, workers }: CalibrationOptions,
  baseUrl: string,
  streams: number,
  tokens: number,
  rampMs: number,
): Promise<Played> {
  const records: RequestRecord[] = [];
  const item = { messages: [{ role: 'user', content: 'calibration' }], maxTokens: tokens };
  const outcome = await runLoad(plan(baseUrl, streams, tokens, rampMs), () => item, {
    workers,
    clock,
    signal,
    onRecord: (record) => void records.push(record),
  });
  const startedAtUs = monotonicUs() - (clock.now() - outcome.startedAtMs) * 1000;
  const failed = records.find(({ ok, incomplete }) => !ok && !incomplete);
  if (failed) throw new GollamaError('internal', `calibration failed: ${failed.error ?? 'no answer'}`);
  const { cpuUs, wallMs, threads } = outcome.health;
  return { records, events: threads.reduce((sum, { events }) => sum + events, 0), cpuUs, wallMs, startedAtUs };
}

function mockOptions(tokensPerSecond: number | null, tokens: number): MockOptions {
  const shape = { tokensPerChunk: 1, chunkBytes: 0, stamps: true };
  return { host: '127.0.0.1', port: 0, tokensPerSecond, ttftMs: TTFT_MS, tokens, ...shape };
}

function plan(baseUrl: string, streams: number, tokens: number, rampMs: number): Plan {
  return {
    target: { baseUrl, endpoint: 'chat', model: 'mock', stream: true, apiKey: undefined, headers: {} },
    load: { kind: 'closed', concurrency: streams, rampMs },
    stop: { kind: 'requests', requests: streams },
    request: {
      maxTokens: tokens,
      temperature: 0,
      ignoreEos: false,
      extraBody: {},
      firstTokenTimeoutMs: REQUEST_TIMEOUT_MS,
      idleTimeoutMs: REQUEST_TIMEOUT_MS,
      totalTimeoutMs: REQUEST_TIMEOUT_MS,
      saveText: true,
    },
    warmupRequests: 0,
    seed: 0,
  };
}

/** Of sorted values, which must not be empty. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
