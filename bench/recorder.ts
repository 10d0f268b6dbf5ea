/**
 * Takes records one by one and knows all figures of the run, now and at its end, in bounded memory: no record is kept.
 * Distributions are exact up to ten thousand values, then HDR; who wants every record writes it to a file.
 */
import { type GoodputLimits, meets } from './metrics/goodput.js';
import { type InFlight, Spans } from './metrics/in-flight.js';
import { figuresOf, REQUEST_LATENCIES, type RequestFigures } from './metrics/request-figures.js';
import { RequestTally } from './metrics/request-tally.js';
import { SightingTally } from './metrics/sighting-tally.js';
import { SpeedTally } from './metrics/speed-tally.js';
import { Timeline } from './metrics/timeline.js';
import { TokenTally } from './metrics/token-tally.js';
import { warningsOf } from './metrics/warnings.js';
import type { Plan } from './plan.js';
import type { RequestRecord } from './record.js';
import { type BenchResult, LATENCIES, type LatencyName } from './result.js';
import { Samples } from './statistics/samples.js';

export interface RecorderOptions {
  readonly plan: Plan;
  readonly goodput?: GoodputLimits | undefined;
  /** The tokens that request `index` asked for, where that differs from request to request; by default the plan's. */
  readonly maxTokensOf?: ((index: number) => number | undefined) | undefined;
}

/** For a line that is painted while the run goes on. */
export interface LiveFigures {
  readonly done: number;
  readonly failed: number;
  readonly inFlight: number;
  /** Completion tokens of finished requests over the time since the start. */
  readonly outputTps: number | null;
  readonly ttftP50Ms: number | null;
  readonly e2eP50Ms: number | null;
}

/** The parts of a result that come from records. */
export type Measured = Pick<
  BenchResult,
  | 'requests'
  | 'tokens'
  | 'latency_ms'
  | 'throughput'
  | 'concurrency'
  | 'windows'
  | 'server'
  | 'warnings'
  | 'timeseries'
  | 'histograms'
> & {
  /** Most answers agree; the first that was named. */
  readonly modelReported: string | null;
  /** For the client's report: events that bear tokens, and those that came in the same read as the one before. */
  readonly events: { readonly total: number; readonly coalesced: number };
};

/** A shorter steady window says nothing. */
const STEADY_MS_MIN = 100;

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #streamed: boolean;
  readonly #requests = new RequestTally();
  readonly #tokens: TokenTally;
  readonly #speeds: SpeedTally;
  readonly #latencies: Readonly<Record<LatencyName, Samples>>;
  readonly #timeline = new Timeline();
  readonly #spans = new Spans();
  readonly #seen = new SightingTally();
  #good = 0;
  #firstStartMs = Number.POSITIVE_INFINITY;
  #lastStartMs = 0;
  #lastEndMs = 0;

  constructor(options: RecorderOptions) {
    const { target, request } = options.plan;
    this.#options = options;
    this.#streamed = target.stream && target.endpoint !== 'embeddings';
    this.#speeds = new SpeedTally(this.#streamed);
    this.#tokens = new TokenTally({
      maxTokensOf: options.maxTokensOf ?? (() => (target.endpoint === 'embeddings' ? undefined : request.maxTokens)),
      ignoreEos: request.ignoreEos,
    });
    const samples = LATENCIES.map((name) => [name, new Samples()] as const);
    this.#latencies = Object.fromEntries(samples) as Record<LatencyName, Samples>;
  }

  add(record: RequestRecord): void {
    this.#requests.add(record);
    this.#firstStartMs = Math.min(this.#firstStartMs, record.scheduledMs);
    this.#lastStartMs = Math.max(this.#lastStartMs, record.scheduledMs);
    this.#lastEndMs = Math.max(this.#lastEndMs, record.endMs);
    if (record.sentMs !== null) this.#spans.add(record.sentMs, record.endMs);
    if (record.ok) this.#success(record);
    else if (!record.incomplete) this.#timeline.addError(record.endMs);
  }

  live(nowMs: number, inFlight: number): LiveFigures {
    const { successful, failed } = this.#requests;
    return {
      done: successful + failed,
      failed,
      inFlight,
      outputTps: successful > 0 && nowMs > 0 ? (1000 * this.#tokens.completionSum) / nowMs : null,
      ttftP50Ms: this.#latencies.ttft.liveQuantile(0.5),
      e2eP50Ms: this.#latencies.e2e.liveQuantile(0.5),
    };
  }

  measured(): Measured {
    const inFlight = this.#spans.inFlight();
    const fullMs = this.#fullMs();
    const steadyMs = this.#steadyMs(inFlight);
    const { load } = this.#options.plan;
    const { intervalMs, tokens, errors } = this.#timeline.series(this.#lastEndMs);
    const durationMs = fullMs[1] - fullMs[0];
    const facts = {
      requests: this.#requests.result(),
      tokens: this.#tokens.result(),
      latency_ms: this.#distributions(),
      concurrency: {
        target: load.kind === 'closed' ? load.concurrency : null,
        mean: durationMs > 0 ? inFlight.mean(...fullMs) : null,
        peak: inFlight.peak,
      },
      windows: { full: inSeconds(fullMs), steady: steadyMs && inSeconds(steadyMs) },
    };
    return {
      ...facts,
      throughput: this.#throughput(durationMs, steadyMs),
      server: this.#speeds.server(),
      warnings: this.#warnings(facts, steadyMs && inFlight.mean(...steadyMs)),
      timeseries: {
        interval_s: intervalMs / 1000,
        output_tokens: tokens,
        in_flight: inFlight.series(intervalMs, tokens.length),
        errors,
      },
      histograms: this.#histograms(),
      modelReported: this.#seen.models[0] ?? null,
      events: this.#seen.events,
    };
  }

  #success(record: RequestRecord): void {
    const figures = figuresOf(record, this.#streamed);
    this.#tokens.add(record);
    this.#speeds.add(record, figures);
    this.#timeline.addTokens(record);
    this.#seen.add(record);
    this.#sample(record, figures);
    const { goodput } = this.#options;
    if (goodput && meets(goodput, figures, record.tokens.completion ?? 0)) this.#good += 1;
  }

  #sample({ gapsUs }: RequestRecord, figures: RequestFigures): void {
    for (const name of REQUEST_LATENCIES) {
      const valueMs = figures[name];
      if (valueMs !== null) this.#latencies[name].add(valueMs);
    }
    if (this.#streamed) for (const gapUs of gapsUs) this.#latencies.icl.add(gapUs / 1000);
  }

  /** First start to last end: the time of failed requests stays in. */
  #fullMs(): readonly [number, number] {
    return this.#firstStartMs <= this.#lastEndMs ? [this.#firstStartMs, this.#lastEndMs] : [0, 0];
  }

  /** Closed loop: all slots in use. Open loop: the rate is full, and requests still arrive. */
  #steadyMs(inFlight: InFlight): readonly [number, number] | null {
    const { load } = this.#options.plan;
    const window =
      load.kind === 'closed'
        ? inFlight.window(load.concurrency)
        : ([Math.max(load.rampMs, Math.min(this.#firstStartMs, this.#lastStartMs)), this.#lastStartMs] as const);
    return window && window[1] - window[0] >= STEADY_MS_MIN ? window : null;
  }

  /** Without a single token there is no rate of tokens: null, as of embeddings. */
  #throughput(durationMs: number, steadyMs: readonly [number, number] | null): BenchResult['throughput'] {
    const { successful, failed } = this.#requests;
    const { completion, total } = this.#tokens.result();
    const perSecond = (count: number | null) => (count && durationMs > 0 ? (1000 * count) / durationMs : null);
    const asked = this.#options.goodput !== undefined && successful + failed > 0;
    return {
      request_rps: perSecond(successful),
      output_tps: perSecond(completion),
      total_tps: perSecond(total),
      output_tps_steady: steadyMs && completion ? this.#steadyTps(...steadyMs) : null,
      output_tps_peak_1s: completion && durationMs >= 1000 ? this.#timeline.peakInSecond() : null,
      ...this.#speeds.means(),
      goodput_rps: asked && durationMs > 0 ? (1000 * this.#good) / durationMs : null,
      good_fraction: asked ? this.#good / (successful + failed) : null,
    };
  }

  #steadyTps(fromMs: number, toMs: number): number {
    return (1000 * this.#timeline.tokensBetween(fromMs, toMs)) / (toMs - fromMs);
  }

  #distributions(): BenchResult['latency_ms'] {
    const entries = LATENCIES.map((name) => [name, this.#latencies[name].distribution()] as const);
    return Object.fromEntries(entries) as BenchResult['latency_ms'];
  }

  #histograms(): BenchResult['histograms'] {
    const { ttft, tpot, e2e, icl } = this.#latencies;
    return {
      encoding: 'hdr-v2-deflate-base64',
      unit: 'us',
      ttft: ttft.encoded(),
      tpot: tpot.encoded(),
      e2e: e2e.encoded(),
      icl: icl.encoded(),
    };
  }

  #warnings(
    measured: Pick<Measured, 'requests' | 'tokens' | 'latency_ms' | 'concurrency' | 'windows'>,
    steadyInFlight: number | null,
  ): Measured['warnings'] {
    return warningsOf({
      measured,
      streamed: this.#streamed,
      steadyInFlight,
      requestsPerPrompt: this.#seen.perPrompt,
      models: this.#seen.models,
      events: this.#seen.events,
      discrepantAnswers: this.#tokens.discrepant,
      uncountedAnswers: this.#tokens.uncounted,
      retriedRequests: this.#requests.retried,
      spansLeftOut: this.#spans.leftOut,
    });
  }
}

function inSeconds([fromMs, toMs]: readonly [number, number]): [number, number] {
  return [fromMs / 1000, toMs / 1000];
}
