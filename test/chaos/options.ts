/** The command line of the chaos test. */
import { parseArgs } from 'node:util';
import { RUN_JS } from '../support/gollama-process.js';

export interface ChaosOptions {
  /** Answers. */
  readonly streams: number;
  /** Readers of each answer. */
  readonly readers: number;
  /** Kills of the server while answers are told. */
  readonly kills: number;
  /** Answers that are told at once. */
  readonly slots: number;
  /** How long readers have bad weather once all answers have ended. */
  readonly badEndMs: number;
  /** Draws what engine, network and readers do; what comes between them is up to the machine. */
  readonly seed: number;
  /** The program under test. */
  readonly runJs: string;
}

export const USAGE = `Usage: npm run test:chaos -- [--streams 200] [--readers 3] [--kills 4] [--slots 64] [--seed N] [--run-js bin/run.js]
Has answers read on every face that can resume, over a network that cuts and stalls, from a server that is killed.
Exit code 0: every reader was told all of its answer, once. 1: one line for each that was not.`;

const BAD_END_MS = 8_000;
const SEED_MAX = 2 ** 31;

export function readOptions(argv: readonly string[]): ChaosOptions | 'help' {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      streams: { ...text, default: '200' },
      readers: { ...text, default: '3' },
      kills: { ...text, default: '4' },
      slots: { ...text, default: '64' },
      seed: { ...text, default: String(drawSeed()) },
      'run-js': { ...text, default: RUN_JS },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    streams: wholeNumber('streams', values.streams, 1),
    readers: wholeNumber('readers', values.readers, 1),
    kills: wholeNumber('kills', values.kills, 0),
    slots: wholeNumber('slots', values.slots, 1),
    badEndMs: BAD_END_MS,
    seed: wholeNumber('seed', values.seed, 0),
    runJs: values['run-js'],
  };
}

export function drawSeed(): number {
  return Math.floor(Math.random() * SEED_MAX);
}

function wholeNumber(name: string, text: string, min: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < min) throw new Error(`--${name} needs a whole number from ${min} on`);
  return value;
}
