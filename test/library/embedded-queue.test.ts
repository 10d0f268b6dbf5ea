import { afterEach, describe, expect, it } from 'vitest';
import {
  GollamaError,
  newChatTask,
  newEmbedTask,
  newGenerateTask,
  Priority,
  QueueManager,
  type QueueManagerOptions,
  type StreamChunk,
  type TaskResult,
} from '../../src/index.js';
import { atEnd, endAll } from '../support/ending.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { ManualClock } from '../support/manual-clock.js';
import { all, libraryQueue, startedQueue } from './library-queue.js';

afterEach(endAll);

const hello = (text = 'hello') => newChatTask('sim', [{ role: 'user', content: text }]);

/** An engine whose answers the test writes, one slot, and no pause before a further attempt. */
async function scripted(slots = 1) {
  const upstream = await FakeUpstream.start();
  const engine = { kind: 'openai', name: 'fake', base_url: upstream.url, models: ['m'], slots };
  const library = await startedQueue({
    engines: [engine],
    options: { retryConfig: { initialDelay: 1, maxDelay: 1, maxRetries: 1 } },
  });
  return { upstream, ...library };
}

const ask = (text = 'hello', options = {}) => newChatTask('m', [{ role: 'user', content: text }], options);

describe('an embedded queue', () => {
  it('runs every type of task and keeps what came of it', async () => {
    const { manager } = await startedQueue();
    const [chat, generate, embed] = await manager.submitBatchTasks([
      hello(),
      newGenerateTask('sim', 'hello'),
      newEmbedTask('sim', ['a', 'b']),
    ]);
    expect(chat).toMatchObject({ success: true, data: { done: true, message: { role: 'assistant' } } });
    expect(generate).toMatchObject({ success: true, data: { done: true, response: expect.any(String) } });
    expect((embed!.data as { embeddings: number[][] }).embeddings).toHaveLength(2);
    const report = await manager.getTask(chat?.taskId ?? '');
    expect(report).toMatchObject({ id: chat?.taskId, status: 'completed', priority: 5, result: chat?.data });
    expect(await manager.getTaskStatus(report.id)).toBe('completed');
    expect(await manager.getQueueStats()).toMatchObject({ completed_tasks: 3, total_tasks: 3, pending_tasks: 0 });
  });

  it('lists by what is asked for, and changes what still waits', async () => {
    const { manager } = await startedQueue();
    const later = { delay: '1h' };
    const one = await manager.submitTask(newGenerateTask('sim', 'a', { ...later, priority: Priority.Low }));
    const two = await manager.submitTask(newEmbedTask('sim', 'b', { ...later, priority: 'critical' }));
    const ids = async (query: object) => (await manager.listTasks(query)).map(({ id }) => id);
    expect(await ids({})).toEqual([one, two]);
    expect(await ids({ type: ['embed'] })).toEqual([two]);
    expect(await ids({ priority: [1] })).toEqual([one]);
    expect(await ids({ status: ['completed'] })).toEqual([]);
    expect(await ids({ order: 'newest', limit: 1 })).toEqual([two]);

    expect(await manager.updateTaskPriority(one, 'high')).toBe(true);
    expect((await manager.getTask(one)).priority).toBe(10);
    expect(await manager.cancelTask(one)).toBe(true);
    expect(await manager.cancelTask(one)).toBe(false);
    expect(await manager.updateTaskPriority(one, 1)).toBe(false);
    expect(await manager.getTask(one)).toMatchObject({ status: 'cancelled', priority: 10 });
  });

  it('says what is wrong with a task, and takes none of a batch then', async () => {
    const { manager } = await startedQueue();
    const wrong = { type: 'chat', model: 'sim', payload: {} } as never;
    await expect(manager.submitTask(wrong)).rejects.toThrow('payload.messages is required for chat tasks');
    await expect(manager.submitBatchTasks([hello(), wrong])).rejects.toThrow('tasks[1]: ');
    await expect(manager.submitTask(hello('x')).then(() => manager.getTask('nobody'))).rejects.toMatchObject({
      code: 'not_found',
    });
    const webhook = newChatTask('sim', [], { webhook: 'http://127.0.0.1:1/' });
    await expect(manager.submitTask(webhook)).rejects.toThrow('webhook: the URL points to 127.0.0.1');
    expect((await manager.getQueueStats()).total_tasks).toBe(1);
  });

  it('asks to be started first', async () => {
    const { manager } = libraryQueue();
    await expect(manager.submitTask(hello())).rejects.toMatchObject({ code: 'usage' });
    await expect(manager.getTask('x')).rejects.toThrow('the queue manager is not started');
    await expect(all(manager.submitStreamingTask(hello()))).rejects.toMatchObject({ code: 'usage' });
    await expect(all(manager.submitTaskWithChannel(hello()))).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('callbacks, channels and batches', () => {
  it('are told of the end, not of a failed attempt that is followed by another', async () => {
    const { manager, upstream } = await scripted(3);
    const told: TaskResult[] = [];
    const called = new Promise<TaskResult>((resolve) => {
      void manager.submitTaskWithCallback(ask('callback'), (result) => {
        told.push(result);
        resolve(result);
      });
    });
    const channel = manager.submitTaskWithChannel(ask('channel'));
    const batch = manager.submitBatchTasks([ask('batch')]);
    const firstAttempts = [await upstream.next(), await upstream.next(), await upstream.next()];
    for (const call of firstAttempts) call.answer(500, { error: { message: 'boom' } });
    const secondAttempts = [await upstream.next(), await upstream.next(), await upstream.next()];
    expect(told).toEqual([]);
    for (const call of secondAttempts) {
      call.beginStream();
      call.say('fine');
      call.endStream();
    }
    const success = { success: true, data: { message: { content: 'fine' } } };
    expect(await called).toMatchObject(success);
    expect(await all(channel)).toMatchObject([{ taskId: await channel.taskId, ...success }]);
    expect(await batch).toMatchObject([success]);
    expect(told).toHaveLength(1);
    expect((await manager.getTask(await channel.taskId)).retry_count).toBe(1);
  });

  it('are told of a failure when there are no more attempts', async () => {
    const { manager, upstream } = await scripted();
    const results = manager.submitBatchTasks([ask()]);
    for (let failed = 0; failed < 2; failed++) (await upstream.next()).answer(500, { error: { message: 'boom' } });
    const [result] = await results;
    expect(result?.success).toBe(false);
    expect(result?.error).toContain('boom');
    expect(result).not.toHaveProperty('data');
  });

  it('are told of a cancel', async () => {
    const { manager } = await startedQueue();
    const channel = manager.submitTaskWithChannel(newGenerateTask('sim', 'x', { delay: '1h' }));
    const id = await channel.taskId;
    await manager.cancelTask(id);
    expect(await all(channel)).toEqual([{ taskId: id, success: false, error: 'the task was cancelled' }]);
  });

  it('have results in the order of the tasks, whichever ended first', async () => {
    const { manager } = await startedQueue({ options: { maxWorkers: 2 } });
    const tasks = Array.from({ length: 50 }, (_, at) =>
      newEmbedTask('sim', `${at}`, { id: `t${at}`, priority: at % 7 }),
    );
    const results = await manager.submitBatchTasks(tasks);
    expect(results.map(({ taskId }) => taskId)).toEqual(tasks.map(({ id }) => id));
    expect(results.every(({ success }) => success)).toBe(true);
  });

  it('are called once with all results, and the ids are there before', async () => {
    const { manager } = await startedQueue();
    const [ids, results] = await new Promise<[string[], TaskResult[]]>((resolve) => {
      const ids = manager.submitBatchTasksAsync([hello('a'), hello('b')], async (results) =>
        resolve([await ids, results]),
      );
    });
    expect(results.map(({ taskId }) => taskId)).toEqual(ids);
  });

  it('are told at once of a task that is known by its key and has ended', async () => {
    const { manager } = await startedQueue();
    const task = newGenerateTask('sim', 'x', { idempotencyKey: 'k' });
    const [first] = await manager.submitBatchTasks([task]);
    const [second] = await manager.submitBatchTasks([task]);
    expect(second).toEqual(first);
    const twice = newGenerateTask('sim', 'y', { idempotencyKey: 'l' });
    const [third, fourth] = await Promise.all([manager.submitBatchTasks([twice]), manager.submitBatchTasks([twice])]);
    expect(third).toEqual(fourth);
    const chunks = await all(manager.submitStreamingTask(task));
    expect(chunks.map(({ data }) => data).join('')).toBe((first!.data as { response: string }).response);
  });

  it('harm nothing when they throw', async () => {
    const { manager, lines } = await startedQueue();
    const boom = () => {
      throw new Error('boom');
    };
    await manager.submitTaskWithCallback(hello(), boom);
    await expect.poll(() => lines.find(({ message }) => message === 'a callback threw')).toBeDefined();
    expect(await manager.submitBatchTasks([hello()])).toMatchObject([{ success: true }]);
  });
});

describe('a streaming task', () => {
  it('gives every piece once and in order, twenty times of twenty', async () => {
    const { manager } = await startedQueue({ options: { maxWorkers: 3 } });
    const streams = Array.from({ length: 20 }, (_, at) => manager.submitStreamingTask(hello(`number ${at}`)));
    const answers = await Promise.all(streams.map((stream) => all(stream)));
    for (const [at, chunks] of answers.entries()) {
      const report = await manager.getTask((await streams[at]?.taskId) ?? '');
      expect(report.status).toBe('completed');
      const { content } = (report.result as { message: { content: string } }).message;
      expect(content.length).toBeGreaterThan(10);
      expect(chunks.map(({ data }) => data).join('')).toBe(content);
      expect(chunks.map(({ done }) => done)).toEqual([...chunks.slice(1).map(() => false), true]);
    }
  });

  it('comes while the answer is made, and waits for its turn behind what is more urgent', async () => {
    const { manager, upstream } = await scripted();
    const first = manager.submitStreamingTask(ask('first'));
    const running = await upstream.next();
    const low = manager.submitStreamingTask(ask('low', { priority: 1 }));
    await low.taskId;
    const high = manager.submitStreamingTask(ask('high', { priority: 15 }));
    await high.taskId;
    running.beginStream();
    running.say('hel');
    const pieces = first[Symbol.asyncIterator]();
    expect((await pieces.next()).value).toEqual({ data: 'hel', done: false });
    expect(upstream.count).toBe(1);
    running.say('lo');
    running.endStream();
    expect((await pieces.next()).value).toEqual({ data: 'lo', done: false });
    expect((await pieces.next()).value).toEqual({ data: '', done: true });
    expect((await pieces.next()).done).toBe(true);
    const asked: string[] = [];
    for (const stream of [high, low]) {
      const call = await upstream.next();
      asked.push((call.json.messages as { content: string }[])[0]?.content ?? '');
      call.beginStream();
      call.say('ok');
      call.endStream();
      expect((await all(stream)).at(-1)).toEqual({ data: '', done: true });
    }
    expect(asked).toEqual(['high', 'low']);
  });

  it('says when it begins anew, and why it ended without an answer', async () => {
    const { manager, upstream } = await scripted();
    const chunks = all(manager.submitStreamingTask(ask()));
    for (let attempt = 0; attempt < 2; attempt++) {
      const call = await upstream.next();
      call.beginStream();
      call.say('par');
      call.response.write('data: {"error":{"message":"boom"}}\n\n');
      call.response.end();
    }
    const [one, again, two, last] = (await chunks) as [StreamChunk, StreamChunk, StreamChunk, StreamChunk];
    expect([one, again, two]).toEqual([
      { data: 'par', done: false },
      { data: '', restart: 2, done: false },
      { data: 'par', done: false },
    ]);
    expect(last).toMatchObject({ data: '', done: true });
    expect(last.error).toContain('boom');
  });

  it('is none for an embed task', async () => {
    const { manager } = await startedQueue();
    await expect(all(manager.submitStreamingTask(newEmbedTask('sim', 'x')))).rejects.toThrow('no stream');
    expect((await manager.getQueueStats()).total_tasks).toBe(0);
  });
});

describe('a subscription', () => {
  it('tells the changes that were asked for, and no others', async () => {
    const { manager } = await startedQueue();
    const ends = manager.subscribe(['task_completed', 'task_cancelled']);
    const everything = manager.subscribe();
    const [result] = await manager.submitBatchTasks([hello()]);
    const waiting = await manager.submitTask(newGenerateTask('sim', 'x', { delay: '1h' }));
    await manager.updateTaskPriority(waiting, 7);
    await manager.cancelTask(waiting);
    await manager.stop();
    expect((await all(ends)).map(({ type, taskId, status }) => [type, taskId, status])).toEqual([
      ['task_completed', result?.taskId, 'completed'],
      ['task_cancelled', waiting, 'cancelled'],
    ]);
    const events = await all(everything);
    expect(events.map(({ type }) => type)).toEqual([
      'task_submitted',
      'task_started',
      'task_completed',
      'task_submitted',
      'priority_updated',
      'task_cancelled',
    ]);
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('ends at once when it is given up, also while somebody waits for the next event', async () => {
    const { manager } = await startedQueue();
    const subscription = manager.subscribe(['task_failed']);
    const ended = all(subscription);
    manager.unsubscribe(subscription);
    expect(await ended).toEqual([]);
    manager.unsubscribe(subscription);
  });

  it('says so when more happened than it could hold, instead of leaving something out', async () => {
    const { manager } = await startedQueue();
    const subscription = manager.subscribe(['task_submitted']);
    const tasks = Array.from({ length: 1001 }, () => newEmbedTask('sim', 'x', { delay: '1h' }));
    await manager.submitBatchTasksAsync(tasks);
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const event of subscription) seen.push(event);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'gone' });
    expect(seen).toHaveLength(1000);
  });

  it('cannot be to an event that there is not', () => {
    const { manager } = libraryQueue();
    expect(() => manager.subscribe(['task_finished' as never])).toThrow('there is no event type task_finished');
  });
});

describe('starting and stopping', () => {
  it('can be done twice, also at once, and again after that', async () => {
    const { manager } = libraryQueue();
    await Promise.all([manager.start(), manager.start()]);
    await manager.start();
    expect(await manager.submitBatchTasks([hello()])).toMatchObject([{ success: true }]);
    await Promise.all([manager.stop(), manager.close()]);
    await manager.stop();
    await expect(manager.submitTask(hello())).rejects.toMatchObject({ code: 'usage' });
    await manager.start();
    expect(await manager.submitBatchTasks([hello()])).toMatchObject([{ success: true }]);
  });

  it('needs no start for a stop, and a stop during the start is no trouble', async () => {
    const { manager } = libraryQueue();
    await manager.stop();
    const started = manager.start().catch(() => {});
    await manager.stop();
    await started;
    await manager.stop();
    await expect(manager.submitTask(hello())).rejects.toMatchObject({ code: 'usage' });
  });

  it('takes no time where nothing runs', async () => {
    const clock = new ManualClock();
    const { manager } = await startedQueue({ clock });
    await manager.submitTask(newGenerateTask('sim', 'x', { delay: '1h' }));
    await manager.stop();
    expect(clock.timers).toBe(0);
  });

  it('lets what runs end, and takes nothing more meanwhile', async () => {
    const { manager, upstream } = await scripted();
    const results = manager.submitBatchTasks([ask()]);
    const call = await upstream.next();
    const stopped = manager.stop();
    await expect(manager.submitTask(ask())).rejects.toMatchObject({ code: 'shutting_down' });
    call.beginStream();
    call.say('fine');
    call.endStream();
    expect(await results).toMatchObject([{ success: true, data: { message: { content: 'fine' } } }]);
    await stopped;
  });

  it('breaks off what does not end in time, and says so to everybody who waits', async () => {
    const upstream = await FakeUpstream.start();
    const engine = { kind: 'openai', name: 'fake', base_url: upstream.url, models: ['m'], slots: 1 };
    const { manager } = await startedQueue({ engines: [engine], config: { server: { drain_timeout: '0s' } } });
    const called: unknown[] = [];
    await manager.submitTaskWithCallback(ask(), (result) => called.push(result));
    const batch = expect(manager.submitBatchTasks([ask()])).rejects.toMatchObject({ code: 'shutting_down' });
    const stream = expect(all(manager.submitStreamingTask(ask()))).rejects.toMatchObject({ code: 'shutting_down' });
    const channel = expect(all(manager.submitTaskWithChannel(ask()))).rejects.toMatchObject({ code: 'shutting_down' });
    const call = await upstream.next();
    await manager.stop();
    await Promise.all([batch, stream, channel, call.abandoned]);
    expect(called).toEqual([]);
  });

  it('ends subscriptions', async () => {
    const { manager } = await startedQueue();
    const ended = all(manager.subscribe());
    await manager.stop();
    expect(await ended).toEqual([]);
  });

  it('is refused with every problem of the options', async () => {
    const { manager } = libraryQueue({
      options: { maxWorkers: 0, cleanupInterval: 'soon', retryConfig: { backoffFactor: 1 } },
    });
    const failure = await manager.start().catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(GollamaError);
    const { code, message } = failure as GollamaError;
    expect(code).toBe('configuration');
    expect(message).toContain('maxWorkers');
    expect(message).toContain('cleanupInterval');
    expect(message).toContain('retryConfig.backoffFactor');
    await expect(manager.submitTask(hello())).rejects.toMatchObject({ code: 'usage' });
  });

  it('is refused for an option that there is not', () => {
    expect(() => new QueueManager({ maxWorker: 3 } as QueueManagerOptions)).toThrow('unknown option maxWorker');
  });

  it('is refused where the configuration file is missing', async () => {
    const manager = new QueueManager({ config: 'nowhere/gollama.yaml', logLevel: 'silent' });
    atEnd(() => manager.stop());
    await expect(manager.start()).rejects.toThrow('cannot read the configuration file nowhere/gollama.yaml');
  });
});
