/**
 * The measurement. In every round each contestant gets a fresh process and a fresh mock; they come one right after the
 * other, so that what the neighbours of this machine do meets all of them alike, and the order turns from round to round.
 */
import { systemClock } from '../../src/base/clock.js';
import { MockProcess } from '../mock/process.js';
import type { MockOptions } from '../mock/server.js';
import { busyUs, quietMoment } from '../relay/machine.js';
import type { ContestantName, Play } from './contestant.js';
import { ContestantProcess } from './contestant-process.js';
import type { Report } from './contestant-program.js';

/** Streams of so many tokens a second each. */
export interface Load {
  readonly streams: number;
  readonly tokensPerSecond: number;
}

export interface Entry {
  /** How it is shown. */
  readonly name: string;
  readonly contestant: ContestantName;
}

/** The second of ours shows the noise: what two equal clients differ by. */
export const OURS: Entry = { name: 'ours', contestant: 'ours' };
export const AGAIN: Entry = { name: 'ours again', contestant: 'ours' };
export const IDIOMATIC: Entry = { name: 'fetch + streams', contestant: 'idiomatic' };
export const ENTRIES: readonly Entry[] = [OURS, IDIOMATIC, AGAIN];

export const LOADS: readonly Load[] = [
  { streams: 64, tokensPerSecond: 50 },
  { streams: 256, tokensPerSecond: 50 },
  { streams: 256, tokensPerSecond: 100 },
];
/** The one that the targets are about. */
export const TARGET_LOAD: Load = { streams: 256, tokensPerSecond: 50 };

/** Streams of 50 tokens a second, more and more of them, until events are seen late. */
const LADDER: readonly Load[] = [32, 64, 128, 192, 256, 320, 384, 512, 768, 1024].map((streams) => ({
  streams,
  tokensPerSecond: 50,
}));
export const DELAY_P50_MS_MAX = 1;

export interface Sample {
  readonly round: number;
  readonly name: string;
  readonly load: Load;
  readonly report: Report;
  /** CPU time of the mock. */
  readonly mockCpuUs: number;
  /** Cores that processes outside this benchmark used meanwhile. */
  readonly neighbourCores: number;
}

/** What one contestant kept up with in one round. */
interface Climb {
  readonly round: number;
  readonly name: string;
  /** Of the last load whose delay p50 stayed below the limit; 0 where none did. */
  readonly eventsPerSecond: number;
}

export interface Measurement {
  readonly samples: readonly Sample[];
  readonly climbs: readonly Climb[];
}

export interface RoundsOptions {
  readonly rounds: number;
  readonly loads: readonly Load[];
  readonly withLadder: boolean;
  readonly secondsPerLoad: number;
  readonly secondsPerRung: number;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

const WARM_UP: Load = { streams: 128, tokensPerSecond: 50 };
const WARM_UP_SECONDS = 1.5;
const RAMP_INTERVALS = 10;
const TTFT_MS = 10;
/** More than any load asks for. */
const TOKENS_MAX = 100_000;

export function sameLoad(one: Load, other: Load): boolean {
  return one.streams === other.streams && one.tokensPerSecond === other.tokensPerSecond;
}

export async function measure(options: RoundsOptions): Promise<Measurement> {
  const samples: Sample[] = [];
  const climbs: Climb[] = [];
  for (let round = 1; round <= options.rounds && !options.signal.aborted; round += 1) {
    for (let turn = 0; turn < ENTRIES.length && !options.signal.aborted; turn += 1) {
      const entry = ENTRIES[(turn + round) % ENTRIES.length] ?? OURS;
      const own = await new Turn(options, round, entry).run();
      samples.push(...own.samples);
      climbs.push(...own.climbs);
    }
  }
  return { samples, climbs };
}

/** One contestant's part of one round. */
class Turn {
  readonly #options: RoundsOptions;
  readonly #round: number;
  readonly #entry: Entry;

  constructor(options: RoundsOptions, round: number, entry: Entry) {
    this.#options = options;
    this.#round = round;
    this.#entry = entry;
  }

  async run(): Promise<Measurement> {
    const { signal, loads, withLadder, secondsPerLoad } = this.#options;
    const rates = [...new Set([WARM_UP, ...LADDER, ...loads].map(({ tokensPerSecond }) => tokensPerSecond))];
    const mock = await MockProcess.start(rates.map(mockOptions), systemClock, signal);
    const contestant = new ContestantProcess(this.#entry.contestant);
    const play = async (load: Load, seconds: number): Promise<Sample> => {
      await quietMoment(signal);
      const baseUrl = mock.urls[rates.indexOf(load.tokensPerSecond)] ?? '';
      const before = { busyUs: busyUs(), mockUs: await mock.cpuUs(signal) };
      const report = await contestant.play(playOf(load, baseUrl, seconds), signal);
      const mockCpuUs = (await mock.cpuUs(signal)) - before.mockUs;
      const othersUs = busyUs() - before.busyUs - report.cpuUs - mockCpuUs;
      const neighbourCores = Math.max(0, othersUs / 1000 / report.wallMs);
      return { round: this.#round, name: this.#entry.name, load, report, mockCpuUs, neighbourCores };
    };
    try {
      await play(WARM_UP, WARM_UP_SECONDS);
      const samples: Sample[] = [];
      for (const load of loads) samples.push(this.#told(await play(load, secondsPerLoad)));
      return { samples, climbs: withLadder ? [await this.#climb(play)] : [] };
    } finally {
      await contestant.stop();
      await mock.stop();
    }
  }

  async #climb(play: (load: Load, seconds: number) => Promise<Sample>): Promise<Climb> {
    let eventsPerSecond = 0;
    for (const load of LADDER) {
      const { report } = this.#told(await play(load, this.#options.secondsPerRung), 'ladder');
      if (report.delayP50Ms >= DELAY_P50_MS_MAX) break;
      eventsPerSecond = load.streams * load.tokensPerSecond;
    }
    return { round: this.#round, name: this.#entry.name, eventsPerSecond };
  }

  #told(sample: Sample, what = 'load'): Sample {
    const { load, report, neighbourCores } = sample;
    const cost = `${(report.cpuUs / report.events).toFixed(1)} us/event`;
    const delay = `delay p50 ${report.delayP50Ms.toFixed(2)} ms`;
    this.#options.progress(
      `round ${this.#round}/${this.#options.rounds}  ${what.padEnd(6)} ${load.streams} x ${load.tokensPerSecond}  ${this.#entry.name.padEnd(16)} ${cost}  ${delay}  neighbours ${neighbourCores.toFixed(2)} cores`,
    );
    return sample;
  }
}

function playOf({ streams, tokensPerSecond }: Load, baseUrl: string, seconds: number): Play {
  const rampMs = (RAMP_INTERVALS * 1000) / tokensPerSecond;
  return { baseUrl, streams, tokens: Math.round(tokensPerSecond * seconds), rampMs };
}

function mockOptions(tokensPerSecond: number): MockOptions {
  const shape = { tokensPerChunk: 1, chunkBytes: 0, stamps: true };
  return { host: '127.0.0.1', port: 0, tokensPerSecond, ttftMs: TTFT_MS, tokens: TOKENS_MAX, ...shape };
}
