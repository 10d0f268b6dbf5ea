/** `npm run bench:stream`: answers told to many readers, beside a loop over `ws`, and against their targets. Linux only. */
import { existsSync } from 'node:fs';
import { loadavg } from 'node:os';
import { GollamaError } from '../../src/base/errors.js';
import { type MeasuringParts, machineText, runMeasuring, writeReport } from '../measuring.js';
import { HELP, parseOptions, type StreamBenchOptions } from './options.js';
import { measure } from './rounds.js';
import { type Round, rowsOf } from './rows.js';
import { STEPS } from './steps.js';
import { tableOf } from './table.js';

await runMeasuring({ name: 'bench:stream', help: HELP, parse: parseOptions, run });

async function run(options: StreamBenchOptions, parts: MeasuringParts): Promise<void> {
  if (!existsSync('/proc/self/status')) throw new GollamaError('configuration', 'there is no /proc here');
  const steps = STEPS.filter(({ name }) => options.only.includes(name));
  const rounds = await measure({ ...options, steps, ...parts });
  print(options, rounds);
  if (options.jsonPath !== undefined) await writeReport(options.jsonPath, { options, rows: rowsOf(rounds), rounds });
}

function print({ rounds: wanted }: StreamBenchOptions, rounds: readonly Round[]): void {
  const text = [
    `${machineText()}; load ${loadavg()[0]?.toFixed(1)} at the end, of which a part is the measurement itself`,
    tableOf(rowsOf(rounds)),
    `Medians over ${wanted} rounds, the extremes in brackets; ratios and differences are taken inside a round. A record is one
that was delivered to one reader; CPU is of the server with its writer and its disk. "all at once": readers that are
behind are told adjacent text as one. "bare" has no log.`,
  ];
  process.stdout.write(`${text.join('\n\n')}\n`);
}
