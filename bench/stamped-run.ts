/** Receives stamped streams of a mock with the client of a real run, and tells what that cost and how late they were seen. */
import type { Clock } from '../src/base/clock.js';
import { GollamaError } from '../src/base/errors.js';
import { eventDelaysMs } from './event-delay.js';
import { monotonicUs } from './mock/monotonic.js';
import type { Plan } from './plan.js';
import type { RequestRecord } from './record.js';
import { runLoad } from './run-load.js';

export interface StampedRunOptions {
  readonly baseUrl: string;
  readonly streams: number;
  /** Of each stream. */
  readonly tokens: number;
  /** Time over which the streams are begun. */
  readonly rampMs: number;
  readonly workers: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface StampedRun {
  readonly events: number;
  readonly wallMs: number;
  /** Of this process. */
  readonly cpuUs: number;
  /** From sending to receiving, one an event, ascending. */
  readonly delaysMs: readonly number[];
}

const REQUEST_TIMEOUT_MS = 60_000;
const WARM_UP_TOKENS = 5;

/** Throws `internal` where a stream fails. */
export async function runStamped(options: StampedRunOptions): Promise<StampedRun> {
  const { streams, tokens, workers, clock, signal } = options;
  const records: RequestRecord[] = [];
  const item = { messages: [{ role: 'user', content: 'calibration' }], maxTokens: tokens };
  const warmupItem = { ...item, maxTokens: Math.min(tokens, WARM_UP_TOKENS) };
  const { health, startedAtMs } = await runLoad(stampedPlan(options), () => item, {
    workers,
    clock,
    signal,
    onRecord: (record) => void records.push(record),
    warmupItems: Array.from({ length: streams }, () => warmupItem),
  });
  const startedAtUs = monotonicUs() - (clock.now() - startedAtMs) * 1000;
  const failed = records.find(({ ok, incomplete }) => !ok && !incomplete);
  if (failed) throw new GollamaError('internal', `a stream of the mock failed: ${failed.error ?? 'no answer'}`);
  return {
    events: health.threads.reduce((sum, { events }) => sum + events, 0),
    wallMs: health.wallMs,
    cpuUs: health.cpuUs,
    delaysMs: records.flatMap((record) => eventDelaysMs(record, startedAtUs)).sort((one, other) => one - other),
  };
}

function stampedPlan({ baseUrl, streams, tokens, rampMs }: StampedRunOptions): Plan {
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
      // The stamps are the text.
      saveText: true,
    },
    warmupRequests: 0,
    seed: 0,
  };
}
