/** One run from its plan to its result, not yet judged. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../src/base/clock.js';
import { clientReport } from './client-health.js';
import type { Play } from './load-generator.js';
import type { GoodputLimits } from './metrics/goodput.js';
import type { ProgressFigures } from './output/live-line.js';
import type { Plan, WorkItem } from './plan.js';
import type { RequestRecord } from './record.js';
import { type LiveFigures, Recorder } from './recorder.js';
import { RefusalWatch } from './refusal.js';
import { type BenchResult, SCHEMA } from './result.js';
import { runLoad } from './run-load.js';
import { type Workload, workloadHash } from './workload/workload.js';

export interface RunContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly workers: number;
  readonly version: string;
  readonly env: BenchResult['env'];
  readonly labels: Readonly<Record<string, string>>;
  readonly goodput: GoodputLimits | undefined;
  readonly calibration: BenchResult['client']['calibration'];
  /** Called with the figures so far, four times a second. */
  readonly onProgress: (figures: ProgressFigures, elapsedMs: number) => void;
  readonly onRecord: (record: RequestRecord) => void;
}

export interface RunPosition {
  readonly index: number;
  readonly of: number;
}

/** A result before its gates and comparison; `verdict` is that of an unjudged run. */
export interface SingleRun {
  readonly result: BenchResult;
  /** What was sent, in order; made again whenever it is read. */
  readonly items: Iterable<WorkItem>;
}

const PROGRESS_MS = 250;

/** Throws `unauthorized`, `model_not_found`, `not_found` where the server refuses every request for that. */
export async function singleRun(
  plan: Plan,
  workload: Workload,
  position: RunPosition,
  context: RunContext,
): Promise<SingleRun> {
  const { clock, signal, workers } = context;
  const startedAt = new Date(clock.epoch()).toISOString();
  const maxTokensOf = (index: number) => workload.item(index)?.maxTokens;
  const recorder = new Recorder({ plan, goodput: context.goodput, maxTokensOf });
  const refusals = new RefusalWatch(plan.target);
  let sentCount = 0;
  let stopProgress = () => {};
  const outcome = await runLoad(plan, (index) => workload.item(index), {
    workers,
    clock,
    signal,
    warmupItems: warmupItems(plan, workload),
    onWarmupRecord: (record) => refusals.add(record),
    onStart: ({ startedAtMs, play }) => {
      refusals.check();
      stopProgress = watch(plan, recorder, play, startedAtMs, context);
    },
    onRecord: (record) => {
      recorder.add(record);
      refusals.add(record);
      sentCount = Math.max(sentCount, record.index + 1);
      context.onRecord(record);
    },
  }).finally(() => stopProgress());
  refusals.check();
  const { modelReported, events: _, ...measured } = recorder.measured();
  const { ttft, icl } = measured.latency_ms;
  const figures = { ttftP50Ms: ttft?.p50 ?? null, iclP50Ms: icl?.p50 ?? null, calibration: context.calibration };
  const items = new Sent(workload, sentCount);
  const result: BenchResult = {
    schemaVersion: 1,
    schema: SCHEMA,
    complete: !signal.aborted,
    tool: { name: 'gollama', version: context.version, node: process.versions.node },
    run: {
      id: randomUUID(),
      started_at: startedAt,
      duration_s: (clock.now() - outcome.startedAtMs) / 1000,
      seed: plan.seed,
      repeat: position,
      labels: context.labels,
    },
    env: context.env,
    target: targetOf(plan, modelReported),
    workload: workloadOf(plan, workload, items),
    load: loadOf(plan),
    ...measured,
    client: clientReport(outcome.health, figures),
    gates: [],
    comparison: null,
    verdict: { status: 'pass', exit_code: 0, reason: null },
  };
  return { result, items };
}

/** What was asked, drawn again from the workload: a long run keeps none of it in memory. */
class Sent implements Iterable<WorkItem> {
  readonly #workload: Workload;
  readonly #count: number;

  constructor(workload: Workload, count: number) {
    this.#workload = workload;
    this.#count = count;
  }

  *[Symbol.iterator](): Generator<WorkItem> {
    for (let index = 0; index < this.#count; index += 1) {
      const item = this.#workload.item(index);
      if (item !== undefined) yield item;
    }
  }
}

/** With a mark in front, so that no prompt cache knows how a prompt of the run begins. */
function warmupItems(plan: Plan, workload: Workload): WorkItem[] {
  const items = Array.from({ length: plan.warmupRequests }, (_, index) => workload.item(index));
  return items.flatMap((item, index) => {
    if (item === undefined) return [];
    const [first, ...rest] = item.messages;
    return first
      ? [{ ...item, messages: [{ ...first, content: `[warm-up ${index}] ${first.content}` }, ...rest] }]
      : [];
  });
}

function watch(plan: Plan, recorder: Recorder, play: Play, startedAtMs: number, context: RunContext): () => void {
  const { clock, onProgress } = context;
  const tell = () => {
    const elapsedMs = clock.now() - startedAtMs;
    onProgress(progressOf(plan, recorder.live(elapsedMs, play.inFlight), elapsedMs), elapsedMs);
    timer = clock.after(PROGRESS_MS, tell);
  };
  let timer = clock.after(PROGRESS_MS, tell);
  return () => timer.cancel();
}

function progressOf(plan: Plan, live: LiveFigures, elapsedMs: number): ProgressFigures {
  if (plan.stop.kind === 'duration') {
    return { ...live, total: null, etaMs: Math.max(0, plan.stop.durationMs - elapsedMs) };
  }
  const { requests } = plan.stop;
  const etaMs = live.done > 0 ? (elapsedMs / live.done) * (requests - live.done) : null;
  return { ...live, total: requests, etaMs };
}

function targetOf({ target }: Plan, modelReported: string | null): BenchResult['target'] {
  const { baseUrl, endpoint, model, stream } = target;
  return { url: baseUrl, endpoint, model, model_reported: modelReported, stream };
}

function workloadOf(plan: Plan, workload: Workload, sent: Iterable<WorkItem>): BenchResult['workload'] {
  const { maxTokens, temperature, ignoreEos } = plan.request;
  return {
    // Of a run by time only what both sides would ask first can be the same.
    hash: workloadHash(plan.stop.kind === 'requests' ? sent : new Sent(workload, 1)),
    source: workload.source,
    requests: plan.stop.kind === 'requests' ? plan.stop.requests : null,
    max_tokens: maxTokens,
    temperature,
    ignore_eos: ignoreEos,
    prompts: workload.prompts,
  };
}

function loadOf({ load, stop, warmupRequests }: Plan): BenchResult['load'] {
  const open = load.kind === 'open' ? load : undefined;
  return {
    mode: load.kind,
    concurrency: load.kind === 'closed' ? load.concurrency : null,
    rate_rps: open?.rate ?? null,
    arrival: open?.arrival ?? null,
    burstiness: open?.burstiness ?? null,
    in_flight_max: open?.inFlightMax ?? null,
    ramp_s: load.rampMs / 1000,
    warmup_requests: warmupRequests,
    stop:
      stop.kind === 'requests'
        ? { kind: 'requests', value: stop.requests }
        : { kind: 'duration', value: stop.durationMs / 1000 },
  };
}
