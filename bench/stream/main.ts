/** `npm run bench:stream`: answers told to many readers, beside a loop over `ws`, and against their targets. Linux only. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { systemClock } from '../../src/base/clock.js';
import { GollamaError, messageOf, toGollamaError } from '../../src/base/errors.js';
import { HELP, parseOptions, type StreamBenchOptions } from './options.js';
import { measure } from './rounds.js';
import { type Round, rowsOf } from './rows.js';
import { STEPS } from './steps.js';
import { tableOf } from './table.js';

const INTERRUPTED_EXIT_CODE = 130;

const interrupt = new AbortController();
const progress = (line: string) => void process.stderr.write(`${line}\n`);

process.once('SIGINT', () => interrupt.abort());
process.once('SIGTERM', () => interrupt.abort());
try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(HELP);
  else await run(options);
} catch (thrown) {
  const error = toGollamaError(thrown);
  progress(`bench:stream: ${error.message}${error.hint === undefined ? '' : `\n  ${error.hint}`}`);
  process.exitCode = error.exitCode;
}
if (interrupt.signal.aborted) process.exitCode = INTERRUPTED_EXIT_CODE;

async function run(options: StreamBenchOptions): Promise<void> {
  if (!existsSync('/proc/self/status')) throw new GollamaError('configuration', 'there is no /proc here');
  const steps = STEPS.filter(({ name }) => options.only.includes(name));
  const rounds = await measure({ ...options, steps, signal: interrupt.signal, progress });
  print(options, rounds);
  if (options.jsonPath !== undefined) await writeJson(options.jsonPath, options, rounds);
}

function print({ rounds: wanted }: StreamBenchOptions, rounds: readonly Round[]): void {
  const machine = `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`;
  const text = [
    `${machine}; load ${loadavg()[0]?.toFixed(1)} at the end, of which a part is the measurement itself`,
    tableOf(rowsOf(rounds)),
    `Medians over ${wanted} rounds, the extremes in brackets; ratios and differences are taken inside a round. A record is one
that was delivered to one reader; CPU is of the server with its writer and its disk. "all at once": readers that are
behind are told adjacent text as one. "bare" has no log.`,
  ];
  process.stdout.write(`${text.join('\n\n')}\n`);
}

async function writeJson(path: string, options: StreamBenchOptions, rounds: readonly Round[]): Promise<void> {
  const machine = { node: process.version, cpus: cpus().length, model: cpus()[0]?.model };
  const at = new Date(systemClock.epoch()).toISOString();
  const report = { schemaVersion: 1, at, machine, options, rows: rowsOf(rounds), rounds };
  try {
    await writeFile(path, `${JSON.stringify(report, null, 1)}\n`);
  } catch (thrown) {
    throw new GollamaError('configuration', `cannot write ${path}: ${messageOf(thrown)}`, { cause: thrown });
  }
}
