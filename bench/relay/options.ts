/** The command line of the benchmark. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { GollamaError, messageOf } from '../../src/base/errors.js';
import { workloads } from './workloads.js';

export interface BenchOptions {
  readonly help: boolean;
  readonly rounds: number;
  readonly quick: boolean;
  /** Names of tests, `idle` among them. */
  readonly tests: readonly string[];
  /** Undefined: all that there are. */
  readonly gateways: readonly string[] | undefined;
  /** The `bin/run.js` that is measured, and further ones beside it. */
  readonly entry: string;
  readonly also: readonly { readonly name: string; readonly entry: string }[];
  readonly jsonPath: string | undefined;
  readonly profileFolder: string | undefined;
}

export const HELP = `usage: npm run bench:relay -- [options]

What does it cost to send a request through gollama? CPU time of the gateway and added delay, beside the plainest pipe
that Node can do, nginx and Portkey, in the same rounds.

  --rounds N            fresh processes each round; medians over rounds (default 5)
  --quick               2 rounds, shorter streams, without s512
  --only NAMES          tests, by comma: ns1 ns32 s64 s512 flat slow idle
  --gateways NAMES      by comma: pipe nginx portkey gollama
  --also NAME=RUN_JS    another built checkout beside this one, such as before=/tmp/before/bin/run.js; repeatable
  --gollama RUN_JS      measure this one (default: the bin/run.js of this checkout)
  --json FILE           the raw samples
  --cpu-profile FOLDER  let V8 write a CPU profile of each gollama process (slows it down)

It reports and does not judge: the exit code is 0 when it could measure.
`;

const KNOWN_GATEWAYS = ['pipe', 'nginx', 'portkey', 'gollama'];
const DEFAULT_ROUNDS = 5;
const QUICK_ROUNDS = 2;
const ROUNDS_MAX = 100;

/** Throws GollamaError `usage`. */
export function parseOptions(argv: readonly string[], root: string): BenchOptions {
  const values = parse(argv);
  const quick = values.quick === true;
  const known = [...workloads(quick).map(({ name }) => name), 'idle'];
  return {
    help: values.help === true,
    rounds: roundsOf(values.rounds, quick),
    quick,
    tests: namesOf(values.only, known, 'test') ?? known.filter((name) => !(quick && name === 's512')),
    gateways: namesOf(values.gateways, KNOWN_GATEWAYS, 'gateway'),
    entry: resolve(values.gollama ?? `${root}/bin/run.js`),
    also: (values.also ?? []).map(namedEntry),
    jsonPath: values.json,
    profileFolder: values['cpu-profile'] && resolve(values['cpu-profile']),
  };
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...argv],
      options: {
        help: { ...flag, short: 'h' },
        rounds: text,
        quick: flag,
        only: text,
        gateways: text,
        also: { ...text, multiple: true },
        gollama: text,
        json: text,
        'cpu-profile': text,
      },
    }).values;
  } catch (thrown) {
    throw new GollamaError('usage', messageOf(thrown), { hint: 'see --help' });
  }
}

function roundsOf(given: string | undefined, quick: boolean): number {
  if (given === undefined) return quick ? QUICK_ROUNDS : DEFAULT_ROUNDS;
  const rounds = Number(given);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= ROUNDS_MAX) return rounds;
  throw new GollamaError('usage', `--rounds ${given}: expected a whole number from 1 to ${ROUNDS_MAX}`);
}

function namesOf(given: string | undefined, known: readonly string[], what: string): string[] | undefined {
  if (given === undefined) return undefined;
  const names = given.split(',').map((name) => name.trim());
  const stranger = names.find((name) => !known.includes(name));
  if (stranger === undefined) return names;
  throw new GollamaError('usage', `"${stranger}" is no ${what}: expected ${known.join(', ')}`);
}

function namedEntry(given: string): { name: string; entry: string } {
  const [, name, path] = /^(\w[\w.-]*)=(.+)$/.exec(given) ?? [];
  if (name !== undefined && path !== undefined) return { name, entry: resolve(path) };
  throw new GollamaError('usage', `--also ${given}: expected NAME=PATH_OF_RUN_JS`);
}
