/** `gollama bench` from its flags to its report. */
import { availableParallelism } from 'node:os';
import type { Clock } from '../src/base/clock.js';
import { GollamaError } from '../src/base/errors.js';
import { packageVersion } from '../src/base/version.js';
import type { RunBenchFlags } from './bench-flags.js';
import { CALIBRATION_DEFAULTS, calibrate } from './calibration.js';
import { environment } from './environment.js';
import { judgementOf } from './judgement.js';
import { parseGoodput } from './metrics/goodput.js';
import { renderGithubAnnotations } from './output/github-annotations.js';
import { liveLine, logLine } from './output/live-line.js';
import { parseResult } from './output/result-file.js';
import { renderSweep } from './output/sweep.js';
import { renderTerminal } from './output/terminal.js';
import { startOwnGateway } from './own-gateway.js';
import type { Plan, Target } from './plan.js';
import { jsonText, type PublishWishes, publish } from './publish.js';
import { durationMs } from './quantity.js';
import { RecordFile } from './record-file.js';
import type { BenchResult } from './result.js';
import { benchSession, type SessionOptions, type SessionResult } from './session.js';
import { type RunSettings, runSettings } from './settings.js';
import type { RunContext } from './single-run.js';
import { kneeOf, nextStep, parseSweep, type SweepPlan } from './sweep.js';
import { findTarget } from './target.js';
import { automaticWorkers } from './workers/share.js';
import { readText } from './workload/dataset.js';
import { openWorkload } from './workload/open-workload.js';
import type { Workload } from './workload/workload.js';

export interface BenchWish {
  readonly url: string | undefined;
  /** Measured where no URL is named. */
  readonly defaultUrl: string;
  readonly apiKey: string | undefined;
  readonly flags: RunBenchFlags;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Ends the run early; what there is by then is reported. */
  readonly signal: AbortSignal;
}

/** Whoever watches. */
export interface BenchObserver {
  readonly width: number;
  readonly ascii: boolean;
  readonly color: boolean;
  phase(text: string): void;
  running(line: string, log: string, elapsedMs: number): void;
  done(): void;
}

export interface BenchEnd {
  readonly report: string;
  readonly json: object;
  /** What GitHub shows beside the job; empty elsewhere. */
  readonly annotations: string;
  readonly exitCode: number;
}

/** Comparing two servers takes so many pairs to be sure of anything. */
const AGAINST_PAIRS = 5;

/** Throws `usage`, `unreachable`, `unauthorized`, `model_not_found`, `not_found`, `configuration`. */
export async function runBench(wish: BenchWish, observer: BenchObserver): Promise<BenchEnd> {
  const { flags, env, clock } = wish;
  const settings = runSettings(flags);
  const judgement = judgementOf(flags, settings);
  const sweep = flags.sweep === undefined ? undefined : sweepOf(flags.sweep, flags, settings);
  const goodput = flags.goodput === undefined ? undefined : parseGoodput(flags.goodput);
  const baseline =
    flags.baseline === undefined ? undefined : parseResult(await readText(flags.baseline), flags.baseline);
  const workload = await openWorkload(flags, { ...settings.request, seed: flags.seed, profile: settings.profile });
  const records = flags.records === undefined ? undefined : await RecordFile.open(flags.records);
  const gateway = await ownGateway(wish, observer);
  try {
    const target = await targetOf(wish, gateway?.url ?? wish.url ?? wish.defaultUrl, settings, observer);
    const against = flags.against === undefined ? undefined : await targetOf(wish, flags.against, settings, observer);
    const plan = planOf(flags, settings, target, workload);
    const context: RunContext = {
      clock,
      signal: wish.signal,
      workers: workersOf(flags.workers, plan),
      version: packageVersion(),
      env: environment(env, clock),
      labels: settings.labels,
      goodput,
      calibration: await calibration(wish, plan, observer),
      onProgress: (figures, elapsedMs) => observer.running(liveLine(figures), logLine(figures, elapsedMs), elapsedMs),
      onRecord: (record) => records?.add(record),
    };
    const repeat = flags.repeat ?? (against === undefined ? 1 : AGAINST_PAIRS);
    const session: SessionOptions = { plan, against, baseline, repeat, workload, judgement, context };
    const end = sweep === undefined ? await once(session, wish, observer) : await swept(session, sweep, wish, observer);
    await records?.close();
    return end;
  } finally {
    observer.done();
    await gateway?.stop();
  }
}

async function once(session: SessionOptions, wish: BenchWish, observer: BenchObserver): Promise<BenchEnd> {
  const ended = await benchSession(session);
  observer.done();
  return finish(ended, '', session.workload, wish, observer);
}

/** One session for each concurrency; the report is that of the knee, or of the last step where there is none. */
async function swept(
  session: SessionOptions,
  sweep: SweepPlan,
  wish: BenchWish,
  observer: BenchObserver,
): Promise<BenchEnd> {
  const steps: SessionResult[] = [];
  const results = () => steps.map(({ result }) => result);
  for (;;) {
    const concurrency = nextStep(sweep, results());
    if (concurrency === undefined || wish.signal.aborted) break;
    const plan: Plan = { ...session.plan, load: { kind: 'closed', concurrency, rampMs: 0 } };
    steps.push(await benchSession({ ...session, plan }));
  }
  observer.done();
  const knee = kneeOf(results());
  const shown = steps.find(({ result }) => result === knee) ?? steps.at(-1);
  if (shown === undefined) throw new GollamaError('cancelled', 'the sweep was interrupted before its first step');
  const ended = { ...shown, runs: results() };
  return finish(ended, `${renderSweep(results(), knee)}\n\n`, session.workload, wish, observer);
}

async function finish(
  ended: SessionResult,
  before: string,
  workload: Workload,
  wish: BenchWish,
  observer: BenchObserver,
): Promise<BenchEnd> {
  const { flags, env } = wish;
  const { result } = ended;
  const saved = await publish({ ...ended, workload }, wishesOf(flags, env));
  return {
    report:
      before + renderTerminal(result, { width: observer.width, ascii: observer.ascii, color: observer.color, saved }),
    json: JSON.parse(jsonText({ result }, flags.compat)) as object,
    annotations: env.GITHUB_ACTIONS ? renderGithubAnnotations(result) : '',
    exitCode: result.verdict.exit_code,
  };
}

function wishesOf(flags: RunBenchFlags, env: BenchWish['env']): PublishWishes {
  const { json, compat, csv, markdown, html, junit } = flags;
  return {
    json,
    compat,
    csv,
    markdown,
    html,
    junit,
    saveWorkload: flags['save-workload'],
    stepSummary: env.GITHUB_STEP_SUMMARY,
  };
}

function sweepOf(text: string, flags: RunBenchFlags, settings: RunSettings): SweepPlan {
  if (settings.load.kind === 'open' || flags.against !== undefined || flags.concurrency !== undefined) {
    throw new GollamaError('usage', '--sweep excludes --rate, --against and --concurrency');
  }
  return parseSweep(text);
}

async function ownGateway({ flags, url }: BenchWish, observer: BenchObserver) {
  if (flags.engine === undefined) return undefined;
  if (url !== undefined) throw new GollamaError('usage', '--engine sim starts a server of its own: name no URL');
  observer.phase('starting a gateway on the simulated engine');
  return startOwnGateway();
}

async function targetOf(wish: BenchWish, url: string, settings: RunSettings, observer: BenchObserver): Promise<Target> {
  const { flags, apiKey, clock, signal } = wish;
  observer.phase(`looking for ${url}`);
  const waitReadyMs = durationMs(flags['wait-ready'] ?? '0', '--wait-ready');
  const found = await findTarget({ url, model: flags.model, apiKey, waitReadyMs }, clock, signal);
  return { ...found, endpoint: settings.endpoint, stream: settings.stream, apiKey, headers: settings.headers };
}

function planOf(flags: RunBenchFlags, settings: RunSettings, target: Target, workload: Workload): Plan {
  const { load, request, warmupRequests } = settings;
  // A saved workload is played whole unless the user wants less of it.
  const kept = 'requests' in workload && typeof workload.requests === 'number' ? workload.requests : undefined;
  const isOpen = flags.requests === undefined && flags.duration === undefined && flags.profile === undefined;
  const stop = kept !== undefined && isOpen ? { kind: 'requests' as const, requests: kept } : settings.stop;
  return { target, load, stop, request, warmupRequests, seed: flags.seed };
}

function workersOf(text: string, plan: Plan): number {
  if (text === 'auto') {
    const streams = plan.load.kind === 'closed' ? plan.load.concurrency : plan.load.inFlightMax;
    return automaticWorkers(streams * CALIBRATION_DEFAULTS.tokensPerSecond, availableParallelism());
  }
  const workers = Number(text);
  if (Number.isInteger(workers) && workers > 0 && workers <= 64) return workers;
  throw new GollamaError('usage', `--workers ${text}: expected auto, or a number from 1 to 64`);
}

async function calibration(
  wish: BenchWish,
  plan: Plan,
  observer: BenchObserver,
): Promise<BenchResult['client']['calibration']> {
  if (!wish.flags.calibrate) return null;
  observer.phase('measuring this client');
  const streams = plan.load.kind === 'closed' ? plan.load.concurrency : Math.ceil(plan.load.rate);
  const { clock, signal } = wish;
  const workers = workersOf(wish.flags.workers, plan);
  return calibrate({ ...CALIBRATION_DEFAULTS, streams, workers, clock, signal });
}
