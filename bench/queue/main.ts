/** `npm run bench:queue`: durable tasks against the disk, against BullMQ, and against their targets. Linux only. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemClock } from '../../src/base/clock.js';
import { GollamaError, messageOf, toGollamaError } from '../../src/base/errors.js';
import { HELP, parseOptions, type QueueBenchOptions } from './options.js';
import { redisVersion } from './redis-server.js';
import { measure, SHORT_BACKLOG } from './rounds.js';
import { type Round, rowsOf } from './rows.js';
import { STEPS } from './steps.js';
import { tableOf } from './table.js';

const INTERRUPTED_EXIT_CODE = 130;
const NO_REDIS = 'redis-server is not installed';

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
  progress(`bench:queue: ${error.message}${error.hint === undefined ? '' : `\n  ${error.hint}`}`);
  process.exitCode = error.exitCode;
}
if (interrupt.signal.aborted) process.exitCode = INTERRUPTED_EXIT_CODE;

async function run(options: QueueBenchOptions): Promise<void> {
  if (!existsSync('/proc/self/status')) throw new GollamaError('configuration', 'there is no /proc here');
  const redis = await redisVersion();
  const steps = STEPS.filter(({ name, redis: wanted }) => options.only.includes(name) && (redis || !wanted));
  const place = resolve(options.folder ?? tmpdir());
  await mkdir(place, { recursive: true });
  const folder = await mkdtemp(join(place, 'gollama-bench-'));
  const { signal } = interrupt;
  try {
    const rounds = await measure({ ...options, steps, folder, signal, progress });
    print(options, rounds, redis);
    if (options.jsonPath !== undefined) await writeJson(options.jsonPath, options, rounds, redis);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function print({ waiting, rounds: wanted }: QueueBenchOptions, rounds: readonly Round[], redis: string | undefined) {
  const machine = `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`;
  const peer = redis === undefined ? NO_REDIS : `redis-server ${redis}, appendfsync always`;
  const text = [
    `${machine}; BullMQ: ${peer}`,
    tableOf(rowsOf(rounds), redis === undefined ? { 'x BullMQ': NO_REDIS } : {}),
    `Medians over ${wanted} rounds, the extremes in brackets; ratios are taken inside a round. F: fdatasync of 4 KiB a second,
before and after in the same process. A long backlog is ${waiting} tasks, a short one ${SHORT_BACKLOG}.`,
  ];
  process.stdout.write(`${text.join('\n\n')}\n`);
}

async function writeJson(
  path: string,
  options: QueueBenchOptions,
  rounds: readonly Round[],
  redis: string | undefined,
): Promise<void> {
  const machine = { node: process.version, cpus: cpus().length, model: cpus()[0]?.model };
  const at = new Date(systemClock.epoch()).toISOString();
  const report = { schemaVersion: 1, at, machine, redis: redis ?? NO_REDIS, options, rows: rowsOf(rounds), rounds };
  try {
    await writeFile(path, `${JSON.stringify(report, null, 1)}\n`);
  } catch (thrown) {
    throw new GollamaError('configuration', `cannot write ${path}: ${messageOf(thrown)}`, { cause: thrown });
  }
}
