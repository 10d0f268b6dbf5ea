/** The library in a program of its own: how long its process lives. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { atEnd, endAll } from '../support/ending.js';
import { makePlace, type Place } from '../support/place.js';
import { SIMULATED } from './library-queue.js';

afterEach(endAll);

const LIBRARY = pathToFileURL('src/index.ts').href;
const TSX = import.meta.resolve('tsx');

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `body` has `manager`, which is not started, and `task`. */
function start(place: Place, body: string) {
  const config = JSON.stringify({ data_dir: place.dataDir, engines: [{ ...SIMULATED, token_time: '5ms' }] });
  const text = [
    `import { QueueManager, newGenerateTask } from ${JSON.stringify(LIBRARY)};`,
    `const manager = new QueueManager({ config: ${config}, logLevel: 'warn' });`,
    "const task = newGenerateTask('sim', 'hello', { id: 'mine' });",
    body,
  ].join('\n');
  const child = spawn(process.execPath, ['--import', TSX, place.write('program.mts', text)], {
    cwd: place.cwd,
    env: { PATH: process.env.PATH ?? '', HOME: place.home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  atEnd(() => child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output.stdout += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    output.stderr += part;
  });
  const ended = once(child, 'close').then(([code, signal]): Ended => ({ code, signal, ...output }));
  return { child, ended };
}

describe('a program with a queue in it', () => {
  it('lives while it waits for its tasks, and ends by itself when the queue is stopped', async () => {
    const place = makePlace();
    const body = [
      'await manager.start();',
      'const [result] = await manager.submitBatchTasks([task]);',
      'await manager.stop();',
      'process.stdout.write(JSON.stringify(result.success));',
    ].join('\n');
    expect(await start(place, body).ended).toEqual({ code: 0, signal: null, stdout: 'true', stderr: '' });
  });

  it('finds after a kill what it had submitted before, and runs it', async () => {
    const place = makePlace();
    const body = [
      'await manager.start();',
      'await manager.submitTask(task);',
      "process.kill(process.pid, 'SIGKILL');",
    ].join('\n');
    expect(await start(place, body).ended).toMatchObject({ signal: 'SIGKILL' });
    const next = [
      "const ends = manager.subscribe(['task_completed']);",
      'await manager.start();',
      "if ((await manager.getTaskStatus('mine')) !== 'completed') for await (const end of ends) break;",
      "process.stdout.write(await manager.getTaskStatus('mine'));",
      'await manager.close();',
    ].join('\n');
    expect(await start(place, next).ended).toEqual({ code: 0, signal: null, stdout: 'completed', stderr: '' });
  });
});
