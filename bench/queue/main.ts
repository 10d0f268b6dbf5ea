/** `npm run bench:queue`: durable tasks against the disk, against BullMQ, and against their targets. Linux only. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { GollamaError } from '../../src/base/errors.js';
import { type MeasuringParts, machineText, runMeasuring, writeReport } from '../measuring.js';
import { HELP, parseOptions, type QueueBenchOptions } from './options.js';
import { redisVersion } from './redis-server.js';
import { measure, SHORT_BACKLOG } from './rounds.js';
import { type Round, rowsOf } from './rows.js';
import { STEPS } from './steps.js';
import { tableOf } from './table.js';

const NO_REDIS = 'redis-server is not installed';

await runMeasuring({ name: 'bench:queue', help: HELP, parse: parseOptions, run });

async function run(options: QueueBenchOptions, { signal, progress }: MeasuringParts): Promise<void> {
  if (!existsSync('/proc/self/status')) throw new GollamaError('configuration', 'there is no /proc here');
  const redis = await redisVersion();
  const steps = STEPS.filter(({ name, redis: wanted }) => options.only.includes(name) && (redis || !wanted));
  const place = resolve(options.folder ?? tmpdir());
  await mkdir(place, { recursive: true });
  const folder = await mkdtemp(join(place, 'gollama-bench-'));
  try {
    const rounds = await measure({ ...options, steps, folder, signal, progress });
    print(options, rounds, redis);
    if (options.jsonPath !== undefined) {
      await writeReport(options.jsonPath, { redis: redis ?? NO_REDIS, options, rows: rowsOf(rounds), rounds });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function print({ waiting, rounds: wanted }: QueueBenchOptions, rounds: readonly Round[], redis: string | undefined) {
  const peer = redis === undefined ? NO_REDIS : `redis-server ${redis}, appendfsync always`;
  const text = [
    `${machineText()}; BullMQ: ${peer}`,
    tableOf(rowsOf(rounds), redis === undefined ? { 'x BullMQ': NO_REDIS } : {}),
    `Medians over ${wanted} rounds, the extremes in brackets; ratios are taken inside a round. F: fdatasync of 4 KiB a second,
before and after in the same process. A long backlog is ${waiting} tasks, a short one ${SHORT_BACKLOG}.`,
  ];
  process.stdout.write(`${text.join('\n\n')}\n`);
}
