/** Tasks of the real server when it is killed, and when a second one wants their folder. */
import { afterEach, describe, expect, it } from 'vitest';
import { endAll } from '../support/ending.js';
import { eventually } from '../support/eventually.js';
import { chatCompletion } from '../support/fake-upstream.js';
import { gollama } from '../support/gollama-process.js';
import {
  chatTask,
  getTask,
  kill,
  RECOVERY_PATIENCE_MS,
  recoverable,
  submitTask,
  taskBecomes,
} from '../support/recoverable.js';

afterEach(endAll);

describe('a task that was running when the server was killed', () => {
  it('runs again after the next start, and is completed once', { timeout: RECOVERY_PATIENCE_MS }, async () => {
    const { upstream, serve } = await recoverable();
    const first = await serve();
    const id = await submitTask(first, chatTask('hello'));
    const cut = await upstream.next();
    await kill(first);
    await cut.abandoned;
    const second = await serve();
    (await upstream.next()).answer(200, chatCompletion('hi'));
    const report = await taskBecomes(second, id, 'completed');
    expect(report).toMatchObject({ retry_count: 0, result: { message: { content: 'hi' } } });
    expect(upstream.count).toBe(2);
  });

  it('has failed when the server died three times while it ran', { timeout: RECOVERY_PATIENCE_MS }, async () => {
    const { upstream, serve } = await recoverable();
    let server = await serve();
    const id = await submitTask(server, chatTask('poison'));
    for (let death = 1; death <= 3; death += 1) {
      await upstream.next();
      await kill(server);
      server = await serve();
    }
    expect(await getTask(server, id)).toMatchObject({
      status: 'failed',
      error: 'the server died 3 times while this task ran',
    });
    // Whoever waits behind it has its turn.
    await submitTask(server, chatTask('harmless'));
    expect(JSON.stringify((await upstream.next()).json)).toContain('harmless');
    expect(upstream.count).toBe(4);
  });
});

describe('a time that a task waits for', () => {
  it('is kept by a delayed task over a kill', { timeout: RECOVERY_PATIENCE_MS }, async () => {
    const { upstream, serve } = await recoverable();
    const first = await serve();
    const id = await submitTask(first, chatTask('later', { delay: '4s' }));
    const dueMs = epochMs((await getTask(first, id)).scheduled_at);
    await kill(first);
    const second = await serve();
    const task = await getTask(second, id);
    // A machine may take longer to start the server than the task has to wait.
    if (task.status === 'pending') expect(epochMs(task.scheduled_at)).toBe(dueMs);
    const call = await upstream.next();
    expect(Date.now()).toBeGreaterThanOrEqual(dueMs);
    call.answer(200, chatCompletion('now'));
    await taskBecomes(second, id, 'completed');
  });

  it('is kept by a task that will be tried again, with the tries it has used up', {
    timeout: RECOVERY_PATIENCE_MS,
  }, async () => {
    const { upstream, serve } = await recoverable({ retryDelay: '4s' });
    const first = await serve();
    const id = await submitTask(first, chatTask('again'));
    (await upstream.next()).answer(500, { error: { message: 'boom' } });
    const waiting = await eventually('it waits to be tried again', async () => {
      const report = await getTask(first, id);
      return report.scheduled_at !== undefined && report;
    });
    expect(waiting).toMatchObject({ status: 'pending', retry_count: 1, error: expect.stringContaining('boom') });
    await kill(first);
    const second = await serve();
    expect(await getTask(second, id)).toEqual(waiting);
    const call = await upstream.next();
    expect(Date.now()).toBeGreaterThanOrEqual(epochMs(waiting.scheduled_at));
    call.answer(200, chatCompletion('at last'));
    expect(await taskBecomes(second, id, 'completed')).toMatchObject({ retry_count: 1 });
  });
});

describe('a second server on the same folder', () => {
  it('is refused with exit code 4 and told which process has it', { timeout: RECOVERY_PATIENCE_MS }, async () => {
    const { upstream, serve, place, config } = await recoverable();
    const first = await serve();
    const args = ['serve', '-c', config, '--port', '0', '--data-dir', place.dataDir, '--log-level', 'silent'];
    const { code, stdout, stderr } = await gollama(args, { place });
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toContain(`is in use by process ${first.pid}`);
    expect(stderr).toContain('hint: ');
    const id = await submitTask(first, chatTask('still here'));
    (await upstream.next()).answer(200, chatCompletion('yes'));
    await taskBecomes(first, id, 'completed');
  });
});

function epochMs(time: string | undefined): number {
  return Date.parse(time ?? '');
}
