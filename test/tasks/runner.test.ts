import { describe, expect, it } from 'vitest';
import { GollamaError } from '../../src/base/errors.js';
import { settled } from '../support/manual-clock.js';
import { ManualEngine } from '../support/manual-engine.js';
import { ADMIN, answer, begin, chat, refuse, TaskRig, type TaskRigOptions } from '../support/task-rig.js';

const rigWith = (options?: TaskRigOptions) => new TaskRig(options).start();
const gone = () => new GollamaError('engine_unavailable', 'connection refused');
const cut = () => new GollamaError('engine_error', 'the connection was cut');
const CANCELLED = new GollamaError('cancelled', 'aborted');

/** The engine notices that its caller has gone. */
async function letGo(rig: TaskRig): Promise<void> {
  for (const call of rig.calls.filter(({ signal }) => signal.aborted)) call.fail(CANCELLED);
  await settled();
}

describe('the runner', () => {
  it('runs a task as soon as it is stored, and stores its answer', async () => {
    const rig = await rigWith();
    const id = await rig.submit();
    expect(await rig.status(id)).toBe('running');
    await answer(rig.calls[0]!, 'hello world');
    const task = await rig.tasks.get(id, ADMIN);
    expect(task).toMatchObject({ status: 'completed', executed_on: 'one', retry_count: 0 });
    expect(task.result).toMatchObject({ done: true, message: { role: 'assistant', content: 'hello world' } });
  });

  it('claims a task only when a slot is held for it, so that the best one gets the slot', async () => {
    const rig = await rigWith();
    await rig.submit(chat('first'));
    for (const [content, priority] of [
      ['low', 1],
      ['normal', 5],
      ['critical', 15],
      ['negative', -3],
    ] as const) {
      await rig.submit({ ...chat(content), priority });
    }
    const order: string[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      const call = rig.calls[turn]!;
      order.push(rig.asked[turn]!);
      await answer(call);
    }
    expect(order).toEqual(['first', 'critical', 'normal', 'low', 'negative']);
  });

  it('keeps the order of submission inside one priority, over models that share an engine', async () => {
    const rig = await rigWith();
    await rig.submit(chat('1'));
    for (const [content, model] of [
      ['2', 'a'],
      ['3', 'a'],
      ['4', 'b'],
      ['5', 'a'],
      ['6', 'b'],
    ] as const) {
      await rig.submit({ ...chat(content), model });
    }
    for (let turn = 0; turn < 6; turn += 1) await answer(rig.calls[turn]!);
    expect(rig.asked).toEqual(['1', '2', '3', '4', '5', '6']);
  });

  it('lets no more tasks run at once than there may be workers, whatever the engines could', async () => {
    const rig = await rigWith({ engines: [new ManualEngine('one', { slots: 10 })], workersMax: 2 });
    for (const content of ['1', '2', '3']) await rig.submit(chat(content));
    expect(rig.asked).toEqual(['1', '2']);
    expect(rig.tasks.workers()).toEqual({ active: 2, idle: 0 });
    await answer(rig.calls[0]!);
    expect(rig.asked).toEqual(['1', '2', '3']);
  });

  it('follows a change of priority until the slot is held', async () => {
    const rig = await rigWith();
    await rig.submit(chat('running'));
    await rig.submit(chat('early'));
    const late = await rig.submit(chat('late'));
    expect(await rig.tasks.setPriority(late, 10, ADMIN)).toBe(true);
    await answer(rig.calls[0]!);
    expect(rig.asked.at(-1)).toBe('late');
  });

  it('never runs a task that was cancelled while it waited', async () => {
    const rig = await rigWith();
    await rig.submit(chat('running'));
    const id = await rig.submit(chat('never'));
    await rig.tasks.cancel(id, ADMIN);
    await answer(rig.calls[0]!);
    expect(rig.asked).toEqual(['running']);
    expect(await rig.status(id)).toBe('cancelled');
    expect(rig.dispatcher.inFlight).toBe(0);
  });

  it('tells the engine to stop when a running task is cancelled, and never runs it again', async () => {
    const rig = await rigWith();
    const id = await rig.submit(chat('endless'));
    begin(rig.calls[0]!, 'so it goes ');
    await rig.tasks.cancel(id, ADMIN);
    expect(rig.calls[0]!.signal.aborted).toBe(true);
    expect(await rig.status(id)).toBe('cancelled');
    expect(rig.dispatcher.inFlight, 'the slot is held until the engine let go').toBe(1);
    await letGo(rig);
    expect(rig.dispatcher.inFlight).toBe(0);
    await rig.clock.advanceAsync(3_600_000);
    expect(rig.asked).toEqual(['endless']);
    expect(rig.changes.map(({ move }) => move)).toEqual(['submitted', 'started', 'cancelled']);
  });

  it('leaves a task that has ended as it is when it is cancelled', async () => {
    const rig = await rigWith();
    const id = await rig.submit();
    await answer(rig.calls[0]!);
    expect(await rig.tasks.cancel(id, ADMIN)).toBe(false);
    expect(await rig.status(id)).toBe('completed');
  });

  it('tries again after 1 s, 2 s and 4 s, and fails when the attempts are used up', async () => {
    const rig = await rigWith();
    const id = await rig.submit({ ...chat('x'), maxRetries: 3 });
    for (const [attempt, delayMs] of [1_000, 2_000, 4_000].entries()) {
      await refuse(rig.calls[attempt]!, 500);
      expect(await rig.tasks.get(id, ADMIN)).toMatchObject({ status: 'pending', retry_count: attempt + 1 });
      await rig.clock.advanceAsync(delayMs - 1);
      expect(rig.calls.length).toBe(attempt + 1);
      await rig.clock.advanceAsync(1);
      await settled();
      expect(rig.calls.length).toBe(attempt + 2);
    }
    await refuse(rig.calls[3]!, 500);
    expect(await rig.tasks.get(id, ADMIN)).toMatchObject({
      status: 'failed',
      retry_count: 3,
      error: 'chat execution failed: one: request failed with status 500: boom',
    });
  });

  it('clears the error when a later attempt succeeds', async () => {
    const rig = await rigWith();
    const id = await rig.submit();
    await refuse(rig.calls[0]!, 500);
    await rig.clock.advanceAsync(1_000);
    await answer(rig.calls[1]!);
    const task = await rig.tasks.get(id, ADMIN);
    expect(task.status).toBe('completed');
    expect(task.error).toBeUndefined();
  });

  it.each([400, 404, 422])('does not try again where the engine says %i', async (status) => {
    const rig = await rigWith();
    const id = await rig.submit();
    await refuse(rig.calls[0]!, status);
    expect(await rig.status(id)).toBe('failed');
  });

  it('waits as long as a 429 says', async () => {
    const rig = await rigWith();
    await rig.submit();
    await refuse(rig.calls[0]!, 429, { 'retry-after': '20' });
    await rig.clock.advanceAsync(19_999);
    expect(rig.calls.length).toBe(1);
    await rig.clock.advanceAsync(1);
    expect(rig.calls.length).toBe(2);
  });

  it('does not count an attempt that reached nobody', async () => {
    const rig = await rigWith();
    const id = await rig.submit({ ...chat('x'), maxRetries: 0 });
    rig.calls[0]!.fail(gone());
    await settled();
    expect(await rig.status(id)).toBe('pending');
    await rig.clock.advanceAsync(1_000);
    await answer(rig.calls[1]!);
    expect(await rig.tasks.get(id, ADMIN)).toMatchObject({ status: 'completed', retry_count: 0 });
  });

  it('stops trying when the third engine has died of the task', async () => {
    const rig = await rigWith();
    const id = await rig.submit({ ...chat('poison'), maxRetries: 0 });
    for (let crash = 0; crash < 3; crash += 1) {
      rig.calls[crash]!.fail(cut());
      await rig.clock.advanceAsync(60_000);
    }
    expect(rig.calls.length).toBe(3);
    expect(await rig.status(id)).toBe('failed');
  });

  it('counts an attempt that was cut after it had said something, and says so in the log', async () => {
    const rig = await rigWith();
    const id = await rig.submit();
    begin(rig.calls[0]!, 'half an ');
    rig.calls[0]!.fail(cut());
    await settled();
    expect(await rig.tasks.get(id, ADMIN)).toMatchObject({ status: 'pending', retry_count: 1 });
    await rig.clock.advanceAsync(1_000);
    await answer(rig.calls[1]!, 'whole');
    expect(await rig.log(id)).toEqual([
      { kind: 'state', status: 'running' },
      { kind: 'text', text: 'half ' },
      { kind: 'text', text: 'an ' },
      { kind: 'state', status: 'pending' },
      { kind: 'restart', attempt: 2 },
      { kind: 'state', status: 'running' },
      { kind: 'text', text: 'whole' },
      { kind: 'done', status: 'completed', usage: undefined },
    ]);
  });

  it('leaves tasks waiting while their engine is down, and runs them when it is back', async () => {
    const engine = new ManualEngine('one', { state: 'unreachable' });
    const rig = await rigWith({ engines: [engine] });
    const id = await rig.submit();
    await rig.clock.advanceAsync(24 * 3_600_000);
    expect(await rig.status(id)).toBe('pending');
    engine.change({ state: 'ready' });
    await settled();
    expect(await rig.status(id)).toBe('running');
  });

  it('waits with a model that nobody knows yet until an engine tells what it serves', async () => {
    const silent = new ManualEngine('two', { state: 'starting', models: [] });
    const rig = await rigWith({ engines: [new ManualEngine('one'), silent] });
    const id = await rig.submit({ ...chat('x'), model: 'other' });
    expect(await rig.status(id)).toBe('pending');
    silent.change({ state: 'ready', models: ['other'] });
    await settled();
    expect(await rig.status(id)).toBe('running');
  });

  it('fails the tasks of a model that no engine serves, one after the other, and no others', async () => {
    const rig = await rigWith({ models: ['m'], engines: [new ManualEngine('one', { slots: 1 })] });
    const lost = [];
    for (let index = 0; index < 5; index += 1) lost.push(await rig.submit({ ...chat('x'), model: 'unknown' }));
    const found = await rig.submit();
    await settled();
    for (const id of lost) {
      const task = await rig.tasks.get(id, ADMIN);
      expect(task.status).toBe('failed');
      expect(task.error).toMatch(/^chat execution failed: the model 'unknown' does not exist/);
    }
    expect(await rig.status(found)).toBe('running');
  });

  it('gives a failed task all its attempts again when somebody asks for it', async () => {
    const rig = await rigWith();
    const id = await rig.submit({ ...chat('x'), maxRetries: 0 });
    await refuse(rig.calls[0]!, 500);
    await rig.tasks.retry(id, ADMIN);
    await settled();
    await answer(rig.calls[1]!, 'at last');
    expect(await rig.status(id)).toBe('completed');
    expect((await rig.log(id)).at(-1)).toMatchObject({ kind: 'done', status: 'completed' });
  });

  it('breaks off what runs when it stops, and the task waits again without having lost an attempt', async () => {
    const rig = await rigWith();
    const id = await rig.submit();
    const stopping = rig.runner.stop();
    await letGo(rig);
    await stopping;
    const task = await rig.store.get(id);
    expect(task).toMatchObject({ state: 'ready', retryCount: 0, crashes: 0 });
    expect(rig.dispatcher.inFlight).toBe(0);
  });

  it('starts nothing after it was closed, and lets what runs end', async () => {
    const rig = await rigWith();
    const running = await rig.submit();
    const waiting = await rig.submit();
    rig.runner.close();
    await answer(rig.calls[0]!);
    expect(await rig.status(running)).toBe('completed');
    expect(await rig.status(waiting)).toBe('pending');
    expect(rig.calls.length).toBe(1);
  });

  it('takes an interactive request before all tasks of a lower priority', async () => {
    const rig = await rigWith();
    await rig.submit(chat('running'));
    await rig.submit(chat('task'));
    const request = { model: 'm', priority: 10, sizeBytes: 0, caller: 'somebody', callerInFlightMax: undefined };
    const granted: string[] = [];
    const served = rig.dispatcher.run(request, new AbortController().signal, { onWait: () => {} }, async () => {
      granted.push(...rig.asked);
      return { done: true, value: undefined };
    });
    await answer(rig.calls[0]!);
    await served;
    await settled();
    expect(granted).toEqual(['running']);
    expect(rig.asked).toEqual(['running', 'task']);
  });

  it('refuses a task when as many wait as may, and tells when there may be room', async () => {
    const rig = await rigWith({ pendingMax: 2 });
    await rig.submit();
    await rig.submit();
    await rig.submit();
    await expect(rig.submit()).rejects.toMatchObject({ code: 'queue_full', retryAfterS: 1 });
  });

  it('shows a task only to who submitted it and to admins', async () => {
    const rig = await rigWith();
    const alice = { name: 'alice', admin: false, maxPriority: 5 };
    const bob = { ...alice, name: 'bob' };
    const [task] = await rig.tasks.submit([{ ...chat('x'), priority: 15 }], alice);
    const id = task!.id;
    expect((await rig.tasks.get(id, alice)).priority, 'as high as her key allows').toBe(5);
    for (const forbidden of [
      rig.tasks.get(id, bob),
      rig.tasks.cancel(id, bob),
      rig.tasks.setPriority(id, 1, bob),
      rig.tasks.retry(id, bob),
      rig.tasks.follow(id, bob),
    ]) {
      await expect(forbidden).rejects.toMatchObject({ code: 'not_found', message: `task not found: ${id}` });
    }
    expect((await rig.tasks.list({ limit: 10 }, bob)).tasks).toEqual([]);
    expect((await rig.tasks.list({ limit: 10 }, ADMIN)).tasks.length).toBe(1);
  });
});
