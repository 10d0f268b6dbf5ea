/** What users of the reference task queue rely on, one block for each requirement of its contract: its library. */
import { afterAll, describe, expect, it } from 'vitest';
import { atEnd, endAll } from '../support/ending.js';
import { makePlace } from '../support/place.js';
import { PuppetOllama } from '../support/puppet-ollama.js';
import { shared } from '../support/reference-tasks.js';

afterAll(endAll, 60_000);

/** For several tests: one with four workers. */
const wide = shared();

describe('LIB-1: the library, as it is installed', () => {
  const library = () =>
    import(new URL('../../dist/src/index.js', import.meta.url).href) as Promise<typeof import('../../src/index.js')>;

  it('has the embedded queue with the names of the reference in camelCase', async () => {
    const { QueueManager, newChatTask, newGenerateTask, newEmbedTask, Priority } = await library();
    const ollama = await PuppetOllama.start();
    const manager = new QueueManager({
      ollamaHost: ollama.url,
      ollamaTimeout: '5m',
      maxWorkers: 4,
      storagePath: makePlace().dataDir,
      cleanupInterval: '1h',
      maxCompletedTasks: 1000,
      schedulingInterval: '1s',
      retryConfig: { maxRetries: 3, initialDelay: 5, maxDelay: 20, backoffFactor: 2 },
      logLevel: 'silent',
    });
    atEnd(() => manager.close());
    await manager.start();
    await manager.start();
    const events = manager.subscribe(['task_completed', 'task_cancelled']);
    const ask = newChatTask('m1', [{ role: 'user', content: 'hi' }], { priority: Priority.High, maxRetries: 1 });

    const results: unknown[] = [];
    const called = new Promise<void>((resolve) => {
      void manager.submitTaskWithCallback(ask, (result) => {
        results.push(result);
        resolve();
      });
    });
    (await ollama.next()).fail(500);
    const again = await ollama.next();
    expect(results).toEqual([]);
    again.complete('hello world');
    await called;
    expect(results).toMatchObject([{ success: true, data: { message: { content: 'hello world' } } }]);

    const stream = manager.submitStreamingTask(ask);
    const call = await ollama.next();
    for (const piece of ['hel', 'lo ', 'world']) call.say(piece);
    call.finish();
    let told = '';
    for await (const chunk of stream) told += chunk.data;
    expect(told).toBe('hello world');

    const batch = manager.submitBatchTasks([newGenerateTask('m1', 'first'), newEmbedTask('m1', 'second')]);
    for (const one of (await ollama.take(2)).toReversed()) one.complete('text');
    expect(await batch).toMatchObject([{ data: { response: 'text' } }, { data: { embeddings: [[0.5, -0.25]] } }]);

    const id = await manager.submitTask(newChatTask('m1', [], { delay: '1h' }));
    await manager.updateTaskPriority(id, Priority.Critical);
    expect(await manager.getTask(id)).toMatchObject({ id, priority: 15 });
    await manager.cancelTask(id);
    expect(await manager.getTaskStatus(id)).toBe('cancelled');
    expect(await manager.listTasks({ status: ['cancelled'] })).toHaveLength(1);
    expect(await manager.getQueueStats()).toMatchObject({ completed_tasks: 4, cancelled_tasks: 1 });
    const seen: string[] = [];
    for await (const event of events) {
      seen.push(event.type);
      if (event.type === 'task_cancelled') break;
    }
    expect(seen).toEqual([...Array.from({ length: 4 }, () => 'task_completed'), 'task_cancelled']);
    manager.unsubscribe(events);
    await manager.stop();
  });

  it('has the HTTP client of the reference', async () => {
    const { Client, newChatTask } = await library();
    const server = await wide();
    const client = new Client(server.url.replace('http://', ''));
    const id = await client.submitTask(newChatTask('m1', [{ role: 'user', content: 'hi' }], { delay: '1h' }));
    await client.updateTaskPriority(id, 10);
    expect(await client.getTask(id)).toMatchObject({ id, priority: 10, status: 'pending' });
    await client.cancelTask(id);
    expect((await client.listTasks({ status: ['cancelled'] })).tasks.map((task) => task.id)).toContain(id);
    expect((await client.getQueueStats()).workers_idle).toBe(4);
  });
});
