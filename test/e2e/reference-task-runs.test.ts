/** What users of the reference task queue rely on, one block for each requirement of its contract: how tasks are run and kept. */
import { afterAll, describe, expect, it } from 'vitest';
import { endAll } from '../support/ending.js';
import { eventually } from '../support/eventually.js';
import { GollamaProcess } from '../support/gollama-process.js';
import { ManualClock } from '../support/manual-clock.js';
import { makePlace } from '../support/place.js';
import { PuppetOllama } from '../support/puppet-ollama.js';
import { chat, shared, TaskClient, taskServer } from '../support/reference-tasks.js';

afterAll(endAll, 60_000);

/** Servers of several tests: one with four workers, one with one. */
const wide = shared();
const narrow = shared({ workers: 1 });

describe('TASK-7: priorities', () => {
  it('are any integers, the higher ones first', async () => {
    const server = await wide();
    const held = await server.busy();
    for (const priority of [1, 5, 5, 10, 15, 20, 0, -3, 7]) await server.submit(chat(`${priority}`, { priority }));
    for (const call of held) call.complete();
    const starts = async (count: number) => {
      const calls = await server.ollama.take(count);
      for (const call of calls) call.complete();
      return calls.map(({ asked }) => Number(asked)).toSorted((left, right) => right - left);
    };
    expect(await starts(4)).toEqual([20, 15, 10, 7]);
    expect(await starts(4)).toEqual([5, 5, 1, 0]);
    expect(await starts(1)).toEqual([-3]);
  });

  it('are normal where none is given, and inside one the first to come goes first', async () => {
    const server = await narrow();
    const [held] = await server.busy();
    const asked = ['low', 'one', 'two', 'three', 'high'];
    const priorities = [{ priority: 1 }, {}, { priority: 5 }, {}, { priority: 10 }];
    for (const [at, more] of priorities.entries()) await server.submit(chat(asked[at] ?? '', more));
    expect((await server.list('?status=pending')).map(({ priority }) => priority)).toEqual([1, 5, 5, 5, 10]);
    held?.complete();
    const order: string[] = [];
    for (const _ of asked) {
      const call = await server.ollama.next();
      order.push(call.asked);
      call.complete();
    }
    expect(order).toEqual(['high', 'one', 'two', 'three', 'low']);
  });
});

describe('TASK-8: types, payloads and options', () => {
  const USER = { role: 'user', content: 'hi' };
  it.each<[string, object, string, object]>([
    ['chat', { messages: [USER] }, '/api/chat', { messages: [USER], stream: true }],
    [
      'chat',
      { messages: [USER], system: 'be brief', stream: false },
      '/api/chat',
      { messages: [{ role: 'system', content: 'be brief' }, USER], stream: true },
    ],
    ['chat', { messages: [] }, '/api/chat', { stream: true }],
    ['generate', { prompt: 'p' }, '/api/generate', { prompt: 'p', stream: true }],
    [
      'generate',
      { prompt: 'p', system: 's', template: '{{ .Prompt }}', raw: true },
      '/api/generate',
      { prompt: 'p', system: 's', template: '{{ .Prompt }}', raw: true, stream: true },
    ],
    ['embed', { input: ['a', 'b'], truncate: false }, '/api/embed', { input: ['a', 'b'], truncate: false }],
  ])('call Ollama as the reference does, and stream: %s %j', async (type, payload, path, body) => {
    const server = await wide();
    const id = await server.submit({ type, model: 'm1', payload });
    const call = await server.ollama.next();
    expect([call.path, call.json]).toEqual([path, { model: 'm1', ...body }]);
    call.complete('hello world');
    const { result } = await server.becomes(id, 'completed');
    expect(result).toMatchObject(
      {
        chat: { done: true, message: { role: 'assistant', content: 'hello world' }, eval_count: 2 },
        generate: { done: true, response: 'hello world', eval_count: 2 },
        embed: { model: 'm1', embeddings: [[0.5, -0.25]], prompt_eval_count: 3 },
      }[type] as object,
    );
  });

  it('pass the options on, and echo them', async () => {
    const server = await wide();
    const options = { temperature: 0.2, num_predict: 5, stop: ['x'] };
    const id = await server.submit(chat('hi', { options }));
    const call = await server.ollama.next();
    expect(call.json.options).toEqual(options);
    call.complete();
    expect((await server.becomes(id, 'completed')).options).toEqual(options);
  });
});

describe('TASK-9: retries', () => {
  const clock = new ManualClock();
  const timed = shared({ clock, retry: '{initial_delay: 1s, max_delay: 5s, backoff_factor: 2.0}' });

  it('come after min(initial * factor^retry_count, max), 1 + max_retries attempts in all', async () => {
    const server = await timed();
    const { count: before } = server.ollama;
    const id = await server.submit(chat('hi', { max_retries: 4 }));
    for (const [count, delayMs] of [1_000, 2_000, 4_000, 5_000].entries()) {
      (await server.ollama.next()).fail(500);
      const waiting = await eventually('it waits', async () => {
        const report = await server.get(id);
        return report.retry_count === count + 1 && report.status === 'pending' && report;
      });
      expect(Date.parse(waiting.scheduled_at ?? '') - clock.epoch()).toBe(delayMs);
      await clock.advanceAsync(delayMs);
    }
    (await server.ollama.next()).fail(500);
    expect(await server.becomes(id, 'failed')).toMatchObject({ retry_count: 4, error: expect.stringMatching(/boom$/) });
    expect(server.ollama.count - before).toBe(5);
  });

  it('clear the error when one succeeds', async () => {
    const server = await wide();
    const id = await server.submit(chat('hi'));
    (await server.ollama.next()).fail(500);
    const second = await server.ollama.next();
    expect((await server.get(id)).error).toMatch(/boom$/);
    second.complete();
    const report = await server.becomes(id, 'completed');
    expect([report.retry_count, report.error]).toEqual([1, undefined]);
  });

  it('are ended by a cancel', async () => {
    const server = await timed();
    const id = await server.submit(chat('hi'));
    (await server.ollama.next()).fail(500);
    await server.waits(id);
    await server.post(`/api/tasks/${id}/cancel`);
    await clock.advanceAsync(10_000);
    await server.submit(chat('next'));
    const next = await server.ollama.next();
    expect(next.asked).toBe('next');
    next.complete();
    expect(await server.get(id)).toMatchObject({ status: 'cancelled' });
  });

  it.each([
    [400, 'failed'],
    [404, 'failed'],
    [408, 'completed'],
    [429, 'completed'],
    [503, 'completed'],
  ] as const)('after status %d: the task is then %s', async (status, end) => {
    const server = await wide();
    const id = await server.submit(chat('hi'));
    (await server.ollama.next()).fail(status);
    if (end === 'completed') (await server.ollama.next()).complete();
    expect((await server.becomes(id, end)).retry_count).toBe(end === 'completed' ? 1 : 0);
  });
});

describe('TASK-10: persistence', () => {
  it('keeps what waits over kill -9, runs what ran again exactly once, and keeps the time of a retry', {
    timeout: 60_000,
  }, async () => {
    const ollama = await PuppetOllama.start();
    const place = makePlace();
    const retry = 'retry_config: {initial_delay: 1h, max_delay: 1h}';
    const file = place.write('q.yaml', `ollama_host: "${ollama.url}"\nmax_workers: 1\n${retry}\n`);
    const first = await GollamaProcess.serve(['-c', file], { place });
    const before = new TaskClient(first.url);
    await before.submit(chat('retried', { id: 'retried' }));
    (await ollama.next()).fail(500);
    const waiting = await before.waits('retried');
    await before.submit(chat('running', { id: 'running' }));
    const cut = await ollama.next();
    await before.submit(chat('pending', { id: 'pending' }));
    first.kill();
    await Promise.all([first.ended, cut.abandoned]);
    const second = await GollamaProcess.serve(['-c', file], { place });
    const after = new TaskClient(second.url);
    for (const id of ['running', 'pending']) {
      const call = await ollama.next();
      expect(call.asked).toBe(id);
      call.complete();
      await after.becomes(id, 'completed');
    }
    expect(await after.get('retried')).toEqual(waiting);
    expect(ollama.count).toBe(4);
  });

  it('starts again after a cleanup', async () => {
    const place = makePlace();
    const setup = { place, yaml: 'max_completed_tasks: 1' };
    const first = await taskServer(setup);
    for (let at = 0; at < 4; at += 1) {
      const id = await first.submit(chat(`${at}`));
      (await first.ollama.next()).complete();
      await first.becomes(id, 'completed').catch(() => {});
    }
    await eventually('some are removed', async () => (await first.list()).length < 4);
    await first.app.stop();
    const second = await taskServer({ ...setup, ollama: first.ollama });
    const id = await second.submit(chat('again'));
    (await second.ollama.next()).complete();
    await second.becomes(id, 'completed');
  });
});

describe('TASK-11: retention', () => {
  it('keeps max_completed_tasks, removes the oldest first, and all of them after 24 intervals', async () => {
    const clock = new ManualClock();
    const server = await taskServer({ clock, yaml: 'cleanup_interval: 1m\nmax_completed_tasks: 2' });
    for (const id of ['a', 'b', 'c']) {
      await server.submit(chat(id, { id }));
      (await server.ollama.next()).complete();
      await server.becomes(id, 'completed');
      await clock.advanceAsync(1);
    }
    await server.submit(chat('later', { id: 'later', delay: '100h' }));
    await clock.advanceAsync(60_000);
    await eventually('two are kept', async () => (await server.ids()).join() === 'b,c,later');
    await clock.advanceAsync(25 * 60_000);
    await eventually('none is kept', async () => {
      // The next look into the store may have been arranged only now.
      await clock.advanceAsync(60_000);
      return (await server.ids()).join() === 'later';
    });
  });
});
