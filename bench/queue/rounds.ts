/** The rounds: every step in a fresh process, on a fresh folder; only the backlogs are kept, as they take long to make. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Figures, Setting } from './measurement.js';
import { runMeasurement } from './measuring-process.js';
import type { Round } from './rows.js';
import type { Step } from './steps.js';

export interface RoundsOptions {
  readonly rounds: number;
  readonly steps: readonly Step[];
  readonly seconds: number;
  readonly waiting: number;
  /** Exists. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

/** What the long backlog is compared with. */
export const SHORT_BACKLOG = 10_000;

/** What was measured before `signal` aborted. */
export async function measure(options: RoundsOptions): Promise<Round[]> {
  const backlogs = { large: join(options.folder, 'large'), small: join(options.folder, 'small') };
  if (options.steps.some(({ backlog }) => backlog)) await fillBacklogs(options, backlogs);
  const rounds: Round[] = [];
  for (let at = 1; at <= options.rounds && !options.signal.aborted; at += 1) {
    const round: Record<string, Figures> = {};
    rounds.push(round);
    for (const { name } of options.steps) {
      const figures = await measureStep(name, options, backlogs);
      if (figures) round[name] = figures;
      options.progress(`round ${at}/${options.rounds}  ${name.padEnd(14)} ${figures ? told(figures) : 'interrupted'}`);
    }
  }
  return rounds;
}

async function fillBacklogs(options: RoundsOptions, backlogs: Pick<Setting, 'large' | 'small'>): Promise<void> {
  const { folder, signal, progress } = options;
  for (const [place, waiting] of [
    [backlogs.small, SHORT_BACKLOG],
    [backlogs.large, options.waiting],
  ] as const) {
    progress(`making a backlog of ${waiting} tasks ...`);
    await runMeasurement('fill', { folder, ...backlogs, large: place, seconds: 0, waiting }, signal);
  }
}

/** Undefined where `signal` aborts. */
async function measureStep(
  name: string,
  { folder, seconds, waiting, signal }: RoundsOptions,
  backlogs: Pick<Setting, 'large' | 'small'>,
): Promise<Figures | undefined> {
  if (signal.aborted) return undefined;
  await mkdir(folder, { recursive: true });
  const own = await mkdtemp(join(folder, `${name}-`));
  try {
    return await runMeasurement(name, { folder: own, ...backlogs, seconds, waiting }, signal);
  } catch (thrown) {
    if (signal.aborted) return undefined;
    throw thrown;
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

function told(figures: Figures): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
    .join('  ');
}
