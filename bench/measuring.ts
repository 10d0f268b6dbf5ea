/** What the benchmarks of gollama itself (`npm run bench:...`) have in common around what they measure. */
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { systemClock } from '../src/base/clock.js';
import { GollamaError, messageOf, toGollamaError } from '../src/base/errors.js';

export interface MeasuringProgram<Options> {
  readonly name: string;
  readonly help: string;
  /** May throw `usage`. */
  parse(argv: string[]): Options;
  run(options: Options, parts: MeasuringParts): Promise<void>;
}

export interface MeasuringParts {
  /** The user wants it to end. */
  readonly signal: AbortSignal;
  /** A line that does not belong to the report. */
  readonly progress: (line: string) => void;
}

const INTERRUPTED_EXIT_CODE = 130;

/** Reports and does not judge: the exit code is 0 when it could measure. Never rejects. */
export async function runMeasuring<Options extends { readonly help: boolean }>({
  name,
  help,
  parse,
  run,
}: MeasuringProgram<Options>): Promise<void> {
  const interrupt = new AbortController();
  const { signal } = interrupt;
  process.once('SIGINT', () => interrupt.abort());
  process.once('SIGTERM', () => interrupt.abort());
  try {
    const options = parse(process.argv.slice(2));
    if (options.help) process.stdout.write(help);
    else await run(options, { signal, progress });
  } catch (thrown) {
    const error = toGollamaError(thrown);
    const hint = error.hint === undefined ? '' : `\n  ${error.hint}`;
    progress(`${name}: ${signal.aborted ? 'interrupted' : `${error.message}${hint}`}`);
    process.exitCode = error.exitCode;
  }
  if (signal.aborted) process.exitCode = INTERRUPTED_EXIT_CODE;
}

/** For the head of a report. */
export function machineText(): string {
  return `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`;
}

/** Where and when, and `report`. Rejects with `configuration`. */
export async function writeReport(path: string, report: object): Promise<void> {
  const machine = { node: process.version, cpus: cpus().length, model: cpus()[0]?.model };
  const at = new Date(systemClock.epoch()).toISOString();
  try {
    await writeFile(path, `${JSON.stringify({ schemaVersion: 1, at, machine, ...report }, null, 1)}\n`);
  } catch (thrown) {
    throw new GollamaError('configuration', `cannot write ${path}: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}
