/** The command line of the benchmark. */
import { parseArgs } from 'node:util';
import { GollamaError, messageOf } from '../../src/base/errors.js';
import { STEPS } from './steps.js';

export interface QueueBenchOptions {
  readonly help: boolean;
  readonly rounds: number;
  /** Seconds that a measurement loads the queue. */
  readonly seconds: number;
  /** Tasks of the long backlog. */
  readonly waiting: number;
  /** Names of measurements. */
  readonly only: readonly string[];
  readonly jsonPath: string | undefined;
  /** Where the files of the measurement are put; undefined: where the system puts such files. */
  readonly folder: string | undefined;
}

export const HELP = `usage: npm run bench:queue -- [options]

How fast are durable tasks, and does a long backlog make them slower? Every figure beside F, how often a second this disk
makes 4 KiB durable, and beside BullMQ on a redis-server that is as careful, in the same rounds.

  --rounds N       fresh processes each round; medians over rounds (default 3)
  --waiting N      tasks of the long backlog (default 1000000)
  --quick          1 round, shorter, 100000 waiting
  --only NAMES     by comma: ${STEPS.map(({ name }) => name).join(' ')}
  --folder FOLDER  on the disk to be measured (default: the system's folder for temporary files)
  --json FILE      the figures of every round

It reports and does not judge: the exit code is 0 when it could measure.
`;

const ROUNDS_MAX = 100;
const WAITING_MIN = 10_000;
const WAITING_MAX = 10_000_000;
const USUAL = { rounds: 3, seconds: 2, waiting: 1_000_000 };
const QUICK = { rounds: 1, seconds: 1, waiting: 100_000 };

/** Throws GollamaError `usage`. */
export function parseOptions(argv: readonly string[]): QueueBenchOptions {
  const values = parse(argv);
  const { rounds, seconds, waiting } = values.quick === true ? QUICK : USUAL;
  return {
    help: values.help === true,
    rounds: wholeNumber('--rounds', values.rounds, rounds, [1, ROUNDS_MAX]),
    seconds,
    waiting: wholeNumber('--waiting', values.waiting, waiting, [WAITING_MIN, WAITING_MAX]),
    only: namesOf(values.only),
    jsonPath: values.json,
    folder: values.folder,
  };
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = { rounds: text, waiting: text, only: text, json: text, folder: text, quick: flag } as const;
  try {
    return parseArgs({ args: [...argv], options: { ...options, help: { ...flag, short: 'h' } } }).values;
  } catch (thrown) {
    throw new GollamaError('usage', messageOf(thrown), { hint: 'see --help' });
  }
}

function wholeNumber(
  name: string,
  given: string | undefined,
  usual: number,
  [least, most]: readonly [number, number],
): number {
  const number = Number(given ?? usual);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw new GollamaError('usage', `${name} ${given}: expected a whole number from ${least} to ${most}`);
}

function namesOf(given: string | undefined): string[] {
  const known = STEPS.map(({ name }) => name);
  if (given === undefined) return known;
  const names = given.split(',').map((name) => name.trim());
  const stranger = names.find((name) => !known.includes(name));
  if (stranger === undefined) return names;
  throw new GollamaError('usage', `"${stranger}" is no measurement: expected ${known.join(', ')}`);
}
