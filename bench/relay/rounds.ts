/**
 * The measurement. Every round has fresh processes, all of them at once: each test then goes through the gateways
 * one right after the other, so that what the neighbours of this machine do meets all of them alike. The order turns from
 * test to test.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pause, systemClock } from '../../src/base/clock.js';
import { messageOf } from '../../src/base/errors.js';
import { type Gateway, type RunningGateway, startGateway } from './gateway.js';
import type { Load, LoadClient, LoadReport, Target } from './load.js';
import { busyUs, quietMoment } from './machine.js';
import type { MeasuredProcess } from './measured-process.js';
import { IDLE_MODEL, IDLE_STREAMS, type Workload, type WorkloadName } from './workloads.js';

/** The name of the samples without a gateway. */
export const DIRECT = 'direct';

/** One test of one gateway in one round. */
export interface Sample {
  readonly round: number;
  readonly workload: WorkloadName;
  readonly gateway: string;
  /** Of the gateway; undefined where there is none. */
  readonly cpuUs: number | undefined;
  /** Cores that processes outside this benchmark used meanwhile. */
  readonly neighbourCores: number;
  readonly report: LoadReport;
}

export interface IdleSample {
  readonly round: number;
  readonly gateway: string;
  /** False where not all streams came up. */
  readonly ready: boolean;
  readonly rssBeforeBytes: number;
  readonly rssWithBytes: number;
  readonly cpuUsPerSecond: number;
}

export interface Measurement {
  readonly samples: readonly Sample[];
  readonly idle: readonly IdleSample[];
}

export interface RoundsOptions {
  readonly rounds: number;
  readonly workloads: readonly Workload[];
  readonly withIdle: boolean;
  readonly gateways: readonly Gateway[];
  readonly engine: { readonly port: number; readonly process: MeasuredProcess };
  readonly load: LoadClient;
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

/** So that connections are open and code is compiled before anything counts: V8 takes thousands of requests for it. */
const WARM_UP_REQUESTS = 8_000;
const WARM_UP_TURNS_MAX = 8;
const WARM_UP_TURN: Load = { mode: 'whole', connections: 32, model: 'mock', durationMs: 1_000, staggerMs: 0 };
export const WARM_UP_STREAMS: readonly Load[] = [
  { mode: 'stream', connections: 64, model: 'mock-n30-g10000', durationMs: 0, staggerMs: 200 },
  { mode: 'stream', connections: 16, model: 'mock-n500-g0', durationMs: 400, staggerMs: 0 },
];

/** Chunks or requests of a test before the run that counts. */
const REHEARSED_UNITS = 20_000;
const REHEARSALS_MAX = 4;

/** What the load leaves behind (log lines, closed sockets) belongs to it. */
const AFTERMATH_MS = 30;
/** Until memory and CPU are what they stay. */
const IDLE_SETTLE_MS = 2_000;
const IDLE_WATCH_MS = 1_000;

export async function measure(options: RoundsOptions): Promise<Measurement> {
  const samples: Sample[] = [];
  const idle: IdleSample[] = [];
  for (let round = 1; round <= options.rounds && !options.signal.aborted; round += 1) {
    if (options.workloads.length > 0) samples.push(...(await measureRound(options, round)));
    if (options.withIdle) idle.push(...(await measureIdleRound(options, round)));
  }
  return { samples, idle };
}

/** Starts it, asks it for a whole and a streamed answer; why it cannot take part, or undefined where it can. */
export async function trialOf(gateway: Gateway, options: RoundsOptions): Promise<string | undefined> {
  try {
    const failed = await withGateway(gateway, options, async (running) => {
      const load = { connections: 1, durationMs: 0, staggerMs: 0 } as const;
      const whole = await options.load.run(running, { ...load, mode: 'whole', model: 'mock' }, options.signal);
      const stream = await options.load.run(
        running,
        { ...load, mode: 'stream', model: 'mock-n3-g1000' },
        options.signal,
      );
      return failures(whole) || failures(stream);
    });
    return failed === '' ? undefined : `it fails a first request: ${failed}`;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

/** What went wrong in a test, in words; empty where nothing did. */
function failures({ failed }: LoadReport): string {
  const counts = Object.entries(failed).filter(([, count]) => count > 0);
  return counts.map(([what, count]) => `${count} ${what}`).join(', ');
}

async function measureRound(options: RoundsOptions, round: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  const running = new Map<string, RunningGateway>();
  const folders: string[] = [];
  try {
    for (const gateway of options.gateways) {
      const folder = await ownFolder(options, gateway);
      folders.push(folder);
      running.set(gateway.name, await start(gateway, folder, options));
    }
    for (const [name, gateway] of running) {
      options.progress(`round ${round}/${options.rounds}  warming up ${name}`);
      await warmUp(options, gateway);
    }
    const names = [DIRECT, ...running.keys()];
    for (const [index, workload] of options.workloads.entries()) {
      for (const name of turned(names, round + index)) {
        if (options.signal.aborted) return samples;
        const sample = await measureOne(options, workload, { round, name, gateway: running.get(name) });
        samples.push(sample);
        options.progress(`round ${round}/${options.rounds}  ${describe(sample, workload)}`);
      }
    }
  } finally {
    await Promise.all([...running.values()].map(({ process }) => process.stop()));
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  }
  return samples;
}

async function warmUp({ load, signal }: RoundsOptions, gateway: RunningGateway): Promise<void> {
  let requests = 0;
  for (let turn = 0; turn < WARM_UP_TURNS_MAX && requests < WARM_UP_REQUESTS && !signal.aborted; turn += 1) {
    requests += (await load.run(gateway, WARM_UP_TURN, signal)).requests;
  }
  for (const streams of WARM_UP_STREAMS) await load.run(gateway, streams, signal);
}

async function measureOne(
  options: RoundsOptions,
  workload: Workload,
  { round, name, gateway }: { round: number; name: string; gateway: RunningGateway | undefined },
): Promise<Sample> {
  const { engine, load, signal } = options;
  const target = gateway ?? { port: engine.port, headers: [] };
  // V8 compiles anew for a load of another shape. What counts is what a server does that has been running for a while.
  await rehearse(options, target, workload);
  await quietMoment(signal);
  const before = { busy: busyUs(), engine: engine.process.cpuUs(), gateway: gateway?.process.cpuUs() ?? 0 };
  const report = await load.run(target, workload, signal);
  const busy = busyUs() - before.busy;
  await pause(systemClock, AFTERMATH_MS, signal);
  const cpuUs = gateway && gateway.process.cpuUs() - before.gateway;
  const ours = (cpuUs ?? 0) + (engine.process.cpuUs() - before.engine) + report.cpuUs;
  const neighbourCores = Math.max(0, (busy - ours) / report.wallUs);
  return { round, workload: workload.name, gateway: name, cpuUs, neighbourCores, report };
}

async function rehearse({ load, signal }: RoundsOptions, target: Target, workload: Workload): Promise<void> {
  let units = 0;
  for (let turn = 0; turn < REHEARSALS_MAX && units < REHEARSED_UNITS && !signal.aborted; turn += 1) {
    const report = await load.run(target, workload, signal);
    units += workload.unit === 'chunk' ? report.chunks : report.requests;
  }
}

async function measureIdleRound(options: RoundsOptions, round: number): Promise<IdleSample[]> {
  const samples: IdleSample[] = [];
  for (const gateway of turned(options.gateways, round)) {
    if (options.signal.aborted) break;
    options.progress(`round ${round}/${options.rounds}  idle  ${gateway.name}`);
    samples.push(await withGateway(gateway, options, (running) => measureIdle(options, round, gateway.name, running)));
  }
  return samples;
}

async function measureIdle(
  options: RoundsOptions,
  round: number,
  gateway: string,
  running: RunningGateway,
): Promise<IdleSample> {
  const { load, signal } = options;
  await warmUp(options, running);
  await pause(systemClock, IDLE_SETTLE_MS, signal);
  const rssBeforeBytes = running.process.rssBytes();
  const idle: Load = { mode: 'hold', connections: IDLE_STREAMS, model: IDLE_MODEL, durationMs: 0, staggerMs: 300 };
  const held = await load.hold(running, idle, signal);
  try {
    await pause(systemClock, IDLE_SETTLE_MS, signal);
    const rssWithBytes = running.process.rssBytes();
    const cpuUs = running.process.cpuUs();
    await pause(systemClock, IDLE_WATCH_MS, signal);
    const cpuUsPerSecond = ((running.process.cpuUs() - cpuUs) * 1_000) / IDLE_WATCH_MS;
    return { round, gateway, ready: held.ready, rssBeforeBytes, rssWithBytes, cpuUsPerSecond };
  } finally {
    await held.release();
  }
}

async function withGateway<T>(
  gateway: Gateway,
  options: RoundsOptions,
  use: (running: RunningGateway) => Promise<T>,
): Promise<T> {
  const folder = await ownFolder(options, gateway);
  try {
    const running = await start(gateway, folder, options);
    try {
      return await use(running);
    } finally {
      await running.process.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function start(gateway: Gateway, folder: string, { engine, env, signal }: RoundsOptions): Promise<RunningGateway> {
  return startGateway(gateway, { folder, upstreamPort: engine.port, env }, signal);
}

async function ownFolder({ folder }: RoundsOptions, gateway: Gateway): Promise<string> {
  await mkdir(folder, { recursive: true });
  return mkdtemp(join(folder, `${gateway.name.replaceAll(' ', '-')}-`));
}

function describe({ workload, gateway, cpuUs, neighbourCores, report }: Sample, { unit }: Workload): string {
  const units = unit === 'chunk' ? report.chunks : report.requests;
  const cost = cpuUs === undefined ? '' : `${(cpuUs / units).toFixed(1)} us/${unit}`;
  const problem = failures(report);
  return `${workload.padEnd(5)} ${gateway.padEnd(12)} ${cost.padEnd(18)} neighbours ${neighbourCores.toFixed(2)} cores${problem && `  FAILED: ${problem}`}`;
}

/** The same list, begun at another place. */
function turned<T>(list: readonly T[], by: number): T[] {
  return list.map((_, index) => list[(index + by) % list.length] as T);
}
