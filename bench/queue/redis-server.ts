/** redis-server with an append-only file that is synced for every write: it then promises what gollama promises. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const READY = 'Ready to accept connections';
const SETTINGS = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];

/** Undefined where there is none. */
export async function redisVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('redis-server', ['--version']);
    return /v=([\d.]+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

/** Runs `use` with the port of one of its own, which keeps its file in `folder`. */
export async function withRedis<T>(folder: string, use: (port: number) => Promise<T>): Promise<T> {
  const place = join(folder, 'redis');
  await mkdir(place, { recursive: true });
  const port = await freePort();
  const memory = ['--maxmemory-policy', 'noeviction'];
  const server = spawn('redis-server', ['--port', String(port), '--dir', place, ...SETTINGS, ...memory], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = once(server, 'exit');
  const kill = () => void server.kill('SIGKILL');
  process.once('exit', kill);
  try {
    for await (const line of createInterface({ input: server.stdout })) if (line.includes(READY)) break;
    server.stdout.resume();
    return await use(port);
  } finally {
    kill();
    await exited;
    process.off('exit', kill);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
