/**
 * Measures this side before the run: a child process serves stamped streams, as many and as fast as the run will have, and
 * the client of the run receives them. What it finds is the client's own share of the latencies, and its limit.
 *
 * The stamps are readings of a clock that both processes share (see `monotonicUs`): nothing is comparable over a network.
 */
import type { Clock } from '../src/base/clock.js';
import { MockProcess } from './mock/process.js';
import type { MockOptions } from './mock/server.js';
import type { ClientReport } from './result.js';
import { runStamped } from './stamped-run.js';
import { quantile } from './statistics/quantile.js';

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

/** Streams that nobody paces keep a thread busy however few they are. */
const BURST_STREAMS_MAX = 8;
const BURST_TOKENS = 1_500;
const TTFT_MS = 10;
/** Streams that begin together would write together, and real ones drift apart: so many intervals spread them evenly. */
const RAMP_INTERVALS = 10;

/** Null where `signal` came first. The child process has ended by then. Throws `internal` where the mock does not answer. */
export async function calibrate(options: CalibrationOptions): Promise<Calibration | null> {
  try {
    return await measured(options);
  } catch (thrown) {
    if (options.signal.aborted) return null;
    throw thrown;
  }
}

async function measured(options: CalibrationOptions): Promise<Calibration | null> {
  const { streams, tokensPerSecond, durationMs, workers, clock, signal } = options;
  const tokens = Math.max(2, Math.round((tokensPerSecond * durationMs) / 1000));
  const kinds = [mockOptions(tokensPerSecond, tokens), mockOptions(null, BURST_TOKENS)];
  const mock = await MockProcess.start(kinds, clock, signal);
  try {
    const [pacedUrl = '', burstUrl = ''] = mock.urls;
    const common = { workers, clock, signal };
    const burstOptions = { ...common, streams: Math.min(streams, BURST_STREAMS_MAX), tokens: BURST_TOKENS, rampMs: 0 };
    // The first time compiles the code.
    await runStamped({ ...burstOptions, baseUrl: burstUrl });
    const burst = await runStamped({ ...burstOptions, baseUrl: burstUrl });
    const rampMs = (RAMP_INTERVALS * 1000) / tokensPerSecond;
    const paced = await runStamped({ ...common, baseUrl: pacedUrl, streams, tokens, rampMs });
    if (signal.aborted) return null;
    return {
      streams,
      delay_ms: { p50: quantile(paced.delaysMs, 0.5), p99: quantile(paced.delaysMs, 0.99) },
      cpu_us_per_event: paced.cpuUs / paced.events,
      max_events_per_s: (burst.events * 1000) / burst.wallMs,
    };
  } finally {
    await mock.stop();
  }
}

function mockOptions(tokensPerSecond: number | null, tokens: number): MockOptions {
  const shape = { tokensPerChunk: 1, chunkBytes: 0, stamps: true };
  return { host: '127.0.0.1', port: 0, tokensPerSecond, ttftMs: TTFT_MS, tokens, ...shape };
}
