/** Batches of 100 tasks over HTTP, into a server as its users run it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pause, systemClock } from '../../src/base/clock.js';
import { Transport } from '../../src/client/transport.js';
import { paceOf } from './closed-loop.js';
import { besideDisk } from './disk.js';
import type { Figures, Setting } from './measurement.js';
import { submission } from './workload.js';

const BATCH = 100;
const CLIENTS = 8;
/** Of the compiled program, which this one is, too. */
const RUN = new URL('../../../bin/run.js', import.meta.url);
const START_PATIENCE_MS = 15_000;
const LOOK_MS = 20;

export function httpBatches({ folder, seconds }: Setting): Promise<Figures> {
  return besideDisk(folder, () =>
    withServer(folder, async (baseUrl) => {
      const transport = new Transport({ baseUrl });
      const batches = Array.from({ length: CLIENTS }, (_, from) =>
        Array.from({ length: BATCH }, (_, at) => wireTask(from + at)),
      );
      const { perS: batchesPerS } = await paceOf(CLIENTS, seconds, (at) =>
        transport.json({ path: '/api/tasks/batch', method: 'POST', body: { tasks: batches[at % CLIENTS] } }),
      );
      return { tasksPerS: batchesPerS * BATCH };
    }),
  );
}

function wireTask(at: number): object {
  const { payload, ...task } = submission(at);
  return { ...task, payload };
}

async function withServer<T>(folder: string, use: (baseUrl: string) => Promise<T>): Promise<T> {
  const config = join(folder, 'gollama.yaml');
  const outputPath = join(folder, 'output');
  // The simulated engine stands in and takes four of the tasks at a time. JSON is YAML.
  const logger = { level: 'info', file: join(folder, 'gollama.log') };
  const settings = { server: { addr: '127.0.0.1:0' }, logger, data_dir: join(folder, 'data') };
  await writeFile(config, JSON.stringify(settings));
  const output = openSync(outputPath, 'w');
  const server = spawn(process.execPath, [fileURLToPath(RUN), 'serve', '-c', config], {
    env: { NODE_ENV: 'production' },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const exited = once(server, 'exit');
  const kill = () => void server.kill('SIGKILL');
  process.once('exit', kill);
  try {
    return await use(await baseUrlIn(outputPath));
  } finally {
    kill();
    await exited;
    process.off('exit', kill);
  }
}

async function baseUrlIn(outputPath: string): Promise<string> {
  for (let waitedMs = 0; waitedMs < START_PATIENCE_MS; waitedMs += LOOK_MS) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(readFileSync(outputPath, 'utf8')) ?? [];
    if (url !== undefined) return url;
    await pause(systemClock, LOOK_MS);
  }
  throw new Error(`the server did not start: ${readFileSync(outputPath, 'utf8')}`);
}
