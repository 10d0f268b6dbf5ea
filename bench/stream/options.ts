/** The command line of the benchmark. */
import { parseArgs } from 'node:util';
import { GollamaError, messageOf } from '../../src/base/errors.js';
import { CONTESTANTS, type Contestant, STEPS } from './steps.js';

export interface StreamBenchOptions {
  readonly help: boolean;
  readonly rounds: number;
  /** Seconds in which a step compares. */
  readonly seconds: number;
  /** Names of steps. */
  readonly only: readonly string[];
  readonly contestants: readonly Contestant[];
  readonly jsonPath: string | undefined;
}

export const HELP = `usage: npm run bench:stream -- [options]

What does it cost to tell the answer of a task to many, over Centrifuge on WebSockets and over server-sent events, beside a
loop that sends the same frames with ws? And does it disturb the writer that a thousand readers take nothing?

  --rounds N       fresh processes each round; medians over rounds (default 3)
  --quick          1 round, shorter
  --only NAMES     by comma: ${STEPS.map(({ name }) => name).join(' ')}
  --faces NAMES    by comma: ${CONTESTANTS.join(' ')}
  --json FILE      the figures of every round

10,000 readers take 10,000 file descriptors in each of two processes. It reports and does not judge: the exit code is 0
when it could measure.
`;

const ROUNDS_MAX = 100;
const USUAL = { rounds: 3, seconds: 3 };
const QUICK = { rounds: 1, seconds: 1 };

/** Throws GollamaError `usage`. */
export function parseOptions(argv: readonly string[]): StreamBenchOptions {
  const values = parse(argv);
  const { rounds, seconds } = values.quick === true ? QUICK : USUAL;
  return {
    help: values.help === true,
    rounds: roundsOf(values.rounds, rounds),
    seconds,
    only: namesOf(
      '--only',
      values.only,
      STEPS.map(({ name }) => name),
    ),
    contestants: namesOf('--faces', values.faces, CONTESTANTS),
    jsonPath: values.json,
  };
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = { rounds: text, only: text, faces: text, json: text, quick: flag } as const;
  try {
    return parseArgs({ args: [...argv], options: { ...options, help: { ...flag, short: 'h' } } }).values;
  } catch (thrown) {
    throw new GollamaError('usage', messageOf(thrown), { hint: 'see --help' });
  }
}

function roundsOf(given: string | undefined, usual: number): number {
  const rounds = Number(given ?? usual);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= ROUNDS_MAX) return rounds;
  throw new GollamaError('usage', `--rounds ${given}: expected a whole number from 1 to ${ROUNDS_MAX}`);
}

function namesOf<Name extends string>(
  flag: string,
  given: string | undefined,
  known: readonly Name[],
): readonly Name[] {
  if (given === undefined) return known;
  return given.split(',').map((part) => {
    const name = known.find((one) => one === part.trim());
    if (name !== undefined) return name;
    throw new GollamaError('usage', `${flag}: "${part.trim()}" is none of ${known.join(', ')}`);
  });
}
