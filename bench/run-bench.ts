/** `gollama bench` from its flags to its report. */
import { availableParallelism } from 'node:os';
import type { Clock } from '../src/base/clock.js';
import { GollamaError } from '../src/base/errors.js';
import { keptAlive } from '../src/base/kept-alive.js';
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
import type { Plan, Stop, Target } from './plan.js';
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
  /** Why a file is not there that was asked for; what it would have said is in `report` and `json`. */
  readonly failure: GollamaError | undefined;
  /** True where the file that could not be written is that of the result. */
  readonly isResultLost: boolean;
}

/** Comparing two servers takes so many pairs to be sure of anything. */
const AGAINST_PAIRS = 5;

/** Throws `usage`, `unreachable`, `unauthorized`, `model_not_found`, `not_found`, `configuration`. */
export function runBench(wish: BenchWish, observer: BenchObserver): Promise<BenchEnd> {
  return keptAlive(() => measureAndReport(wish, observer));
}

async function measureAndReport(wish: BenchWish, observer: BenchObserver): Promise<BenchEnd> {
  const { flags, env, clock } = wish;
  const settings = runSettings(flags);
  const judgement = judgementOf(flags, settings);
  const sweep = flags.sweep === undefined ? undefined : sweepOf(flags.sweep, flags, settings);
  if (flags.against !== undefined && flags.baseline !== undefined) {
    throw new GollamaError('usage', '--against and --baseline exclude each other: one run has one comparison');
  }
  checkWorkers(flags.workers);
  const waitReadyMs = durationMs(flags['wait-ready'] ?? '0', '--wait-ready');
  const goodput = flags.goodput === undefined ? undefined : parseGoodput(flags.goodput);
  const baseline =
    flags.baseline === undefined ? undefined : parseResult(await readText(flags.baseline), flags.baseline);
  const workload = await openWorkload(flags, { ...settings.request, seed: flags.seed, profile: settings.profile });
  const records = flags.records === undefined ? undefined : await RecordFile.open(flags.records);
  const gateway = await ownGateway(wish, observer);
  const look = { settings, waitReadyMs };
  try {
    const target = await targetOf(wish, gateway?.url ?? wish.url ?? wish.defaultUrl, look, observer);
    const against = flags.against === undefined ? undefined : await targetOf(wish, flags.against, look, observer);
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
    return { ...end, failure: end.failure ?? (await records?.close()) };
  } finally {
    observer.done();
    await records?.close();
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
  let asked = 0;
  const results = () => steps.map(({ result }) => result);
  for (;;) {
    const concurrency = nextStep(sweep, results());
    // Interrupted before its first step it still has that one, empty.
    if (concurrency === undefined || (wish.signal.aborted && steps.length > 0)) break;
    const { plan } = session;
    const load = { kind: 'closed' as const, concurrency, rampMs: plan.load.rampMs };
    const warmupRequests = wish.flags.warmup ?? concurrency;
    const workload = unasked(session.workload, asked);
    const step = await benchSession({ ...session, workload, plan: { ...plan, load, warmupRequests } });
    asked += step.result.requests.total;
    steps.push(step);
  }
  observer.done();
  const knee = kneeOf(results());
  const last = steps.at(-1);
  const shown = wish.signal.aborted ? last : (steps.find(({ result }) => result === knee) ?? last);
  if (shown === undefined) throw new Error('a sweep without a step');
  const ended = { ...shown, runs: results() };
  return finish(ended, `${renderSweep(results(), knee)}\n\n`, session.workload, wish, observer);
}

/** Behind what the steps before have asked: the server's prompt cache would answer that. A saved workload has no more. */
function unasked(workload: Workload, from: number): Workload {
  if (workload.prompts !== 'unique' || 'requests' in workload) return workload;
  return { ...workload, item: (index) => workload.item(from + index) };
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
  const { saved, failures, isResultLost } = await publish({ ...ended, workload }, wishesOf(flags, env));
  return {
    report:
      before + renderTerminal(result, { width: observer.width, ascii: observer.ascii, color: observer.color, saved }),
    json: JSON.parse(jsonText({ result }, flags.compat)) as object,
    annotations: env.GITHUB_ACTIONS ? renderGithubAnnotations(result) : '',
    exitCode: result.verdict.exit_code,
    failure: failures[0],
    isResultLost,
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

async function ownGateway({ flags, url, clock, signal }: BenchWish, observer: BenchObserver) {
  if (flags.engine === undefined) return undefined;
  if (url !== undefined) throw new GollamaError('usage', '--engine sim starts a server of its own: name no URL');
  observer.phase('starting a gateway on the simulated engine');
  return startOwnGateway(clock, signal);
}

async function targetOf(
  wish: BenchWish,
  url: string,
  { settings, waitReadyMs }: { settings: RunSettings; waitReadyMs: number },
  observer: BenchObserver,
): Promise<Target> {
  const { flags, apiKey, clock, signal } = wish;
  const { endpoint, stream, headers } = settings;
  observer.phase(`looking for ${url}`);
  const found = await findTarget({ url, model: flags.model, apiKey, headers, waitReadyMs }, clock, signal);
  return { ...found, endpoint, stream, apiKey, headers };
}

function planOf(flags: RunBenchFlags, settings: RunSettings, target: Target, workload: Workload): Plan {
  const { load, request, warmupRequests } = settings;
  return { target, load, stop: stopOf(flags, settings, workload), request, warmupRequests, seed: flags.seed };
}

/** A saved workload is played whole unless the user wants less of it; more of it there is not. */
function stopOf(flags: RunBenchFlags, { stop }: RunSettings, workload: Workload): Stop {
  const kept = 'requests' in workload && typeof workload.requests === 'number' ? workload.requests : undefined;
  if (kept === undefined || stop.kind === 'duration') return stop;
  return { kind: 'requests', requests: Math.min(kept, flags.requests ?? kept) };
}

const WORKERS_MAX = 64;

function checkWorkers(text: string): void {
  const workers = Number(text);
  if (text === 'auto' || (Number.isInteger(workers) && workers > 0 && workers <= WORKERS_MAX)) return;
  throw new GollamaError('usage', `--workers ${text}: expected auto, or a number from 1 to ${WORKERS_MAX}`);
}

function workersOf(text: string, { load }: Plan): number {
  if (text !== 'auto') return Number(text);
  const streams = load.kind === 'closed' ? load.concurrency : load.inFlightMax;
  return automaticWorkers(streams * CALIBRATION_DEFAULTS.tokensPerSecond, availableParallelism());
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
