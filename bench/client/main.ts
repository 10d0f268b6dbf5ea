/** `npm run bench:client`: what the client of `gollama bench` costs for each event. Linux only: it reads /proc. */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { GollamaError, messageOf } from '../../src/base/errors.js';
import { type MeasuringParts, machineText, runMeasuring, writeReport } from '../measuring.js';
import { LOADS, measure, TARGET_LOAD } from './rounds.js';
import { verdicts } from './summary.js';
import { climbTable, loadTable, targetTable } from './tables.js';

const HELP = `usage: npm run bench:client -- [options]

CPU time per event of the client of gollama bench, how late it sees events, and how many a second it keeps up with, beside
the client that one would write first (fetch, TextDecoderStream, EventSourceParserStream), in the same rounds.

  --rounds N      fresh processes each round; medians over rounds (default 5)
  --quick         2 rounds, one load, shorter
  --no-ladder     leave out the events per second that it keeps up with
  --json FILE     the raw samples

It reports and does not judge: the exit code is 0 when it could measure.
`;

interface Options {
  readonly help: boolean;
  readonly rounds: number;
  readonly quick: boolean;
  readonly ladder: boolean;
  readonly jsonPath: string | undefined;
}

const DEFAULT_ROUNDS = 5;
const QUICK_ROUNDS = 2;
const ROUNDS_MAX = 100;

const print = (text: string) => void process.stdout.write(`${text}\n\n`);

await runMeasuring({ name: 'bench:client', help: HELP, parse: parseOptions, run });

async function run({ rounds, quick, ladder, jsonPath }: Options, parts: MeasuringParts): Promise<void> {
  if (!existsSync('/proc/stat')) throw new GollamaError('configuration', 'there is no /proc/stat here');
  const loads = quick ? [TARGET_LOAD] : LOADS;
  const measurement = await measure({
    rounds,
    loads,
    withLadder: ladder,
    secondsPerLoad: quick ? 1.5 : 3,
    secondsPerRung: 1.5,
    ...parts,
  });
  print(`${machineText()}; median (lowest..highest) of ${rounds} rounds`);
  for (const load of loads) print(loadTable(measurement, load));
  if (ladder) print(climbTable(measurement));
  print(targetTable(verdicts(measurement)));
  if (jsonPath !== undefined) await writeReport(jsonPath, { ...measurement, verdicts: verdicts(measurement) });
}

/** Throws GollamaError `usage`. */
function parseOptions(argv: string[]): Options {
  const values = parse(argv);
  const quick = values.quick === true;
  const rounds = Number(values.rounds ?? (quick ? QUICK_ROUNDS : DEFAULT_ROUNDS));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX) {
    throw new GollamaError('usage', `--rounds ${values.rounds}: expected a whole number from 1 to ${ROUNDS_MAX}`);
  }
  return { help: values.help === true, rounds, quick, ladder: values['no-ladder'] !== true, jsonPath: values.json };
}

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = { help: { ...flag, short: 'h' }, rounds: text, quick: flag, 'no-ladder': flag, json: text } as const;
  try {
    return parseArgs({ args, options }).values;
  } catch (thrown) {
    throw new GollamaError('usage', messageOf(thrown), { hint: 'see --help' });
  }
}
