/** The command line of the crash test. */
import { parseArgs } from 'node:util';
import { RUN_JS } from '../support/gollama-process.js';

export interface CrashOptions {
  /** Kills. */
  readonly rounds: number;
  /** Draws what clients, engines and the killer do; what comes between them is up to the machine. */
  readonly seed: number;
  readonly clients: number;
  /** The program under test. */
  readonly runJs: string;
}

export const USAGE = `Usage: npm run test:crash -- [--rounds 1000] [--seed N] [--clients 8] [--run-js bin/run.js]
Kills a server again and again while clients use its task queue, and checks every promise it made.
Exit code 0: all were kept. 1: some were not, one line each.`;

const SEED_MAX = 2 ** 31;

export function readOptions(argv: readonly string[]): CrashOptions | 'help' {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { ...text, default: '1000' },
      seed: { ...text, default: String(Math.floor(Math.random() * SEED_MAX)) },
      clients: { ...text, default: '8' },
      'run-js': { ...text, default: RUN_JS },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    rounds: wholeNumber('rounds', values.rounds),
    seed: wholeNumber('seed', values.seed),
    clients: wholeNumber('clients', values.clients),
    runJs: values['run-js'],
  };
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} needs a whole number from 1 on`);
  return value;
}
