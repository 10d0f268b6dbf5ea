/** The rounds: every contestant in every step, those that are compared one after the other. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figures } from './measurement.js';
import type { Round } from './rows.js';
import { runStep } from './step-run.js';
import { type Contestant, STALLED_CONTESTANTS, type Step } from './steps.js';

export interface RoundsOptions {
  readonly rounds: number;
  readonly steps: readonly Step[];
  readonly contestants: readonly Contestant[];
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

/** What was measured before `signal` aborted. */
export async function measure(options: RoundsOptions): Promise<Round[]> {
  const { steps, signal } = options;
  const rounds: Round[] = [];
  for (let at = 1; at <= options.rounds && !signal.aborted; at += 1) {
    const round: Record<string, Record<string, Figures>> = {};
    rounds.push(round);
    for (const step of steps) {
      const ofStep: Record<string, Figures> = {};
      round[step.name] = ofStep;
      for (const contestant of contestantsOf(step, options.contestants)) {
        const figures = await measureOne(step, contestant, options);
        if (figures) ofStep[contestant] = figures;
        const name = `${step.name.padEnd(10)} ${contestant.padEnd(17)}`;
        options.progress(`round ${at}/${options.rounds}  ${name} ${figures ? told(figures) : 'interrupted'}`);
      }
    }
  }
  return rounds;
}

function contestantsOf({ stalls }: Step, wanted: readonly Contestant[]): readonly Contestant[] {
  return stalls ? wanted.filter((contestant) => STALLED_CONTESTANTS.includes(contestant)) : wanted;
}

/** Undefined where `signal` aborts. */
async function measureOne(step: Step, contestant: Contestant, options: RoundsOptions): Promise<Figures | undefined> {
  const { seconds, signal } = options;
  if (signal.aborted) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'gollama-bench-'));
  try {
    return await runStep({ step, contestant, seconds, folder }, signal);
  } catch (thrown) {
    if (signal.aborted) return undefined;
    throw thrown;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function told(figures: Figures): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
    .join('  ');
}
