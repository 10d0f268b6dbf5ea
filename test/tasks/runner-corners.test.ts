/** What the simulation of tasks found, and what it cannot reach: each case by itself. */
import { describe, expect, it } from 'vitest';
import { GollamaError } from '../../src/base/errors.js';
import { Pool } from '../../src/pool/pool.js';
import { Dispatcher } from '../../src/queue/dispatcher.js';
import { MemoryLogBook } from '../../src/stream/memory-log.js';
import { TaskRunner } from '../../src/tasks/runner.js';
import type { Claim, Settlement } from '../../src/tasks/task-store.js';
import { settled } from '../support/manual-clock.js';
import { ManualEngine } from '../support/manual-engine.js';
import { ADMIN, answer, begin, chat, refuse, TaskRig } from '../support/task-rig.js';

const CANCELLED = new GollamaError('cancelled', 'aborted');
const CUT = new GollamaError('engine_error', 'the connection was cut');

/** Tasks of several models, from the name of a task to its model and priority. */
async function submitAll(
  rig: TaskRig,
  tasks: Record<string, readonly [model: string, priority: number]>,
): Promise<void> {
  const wishes = Object.entries(tasks).map(([name, [model, priority]]) => ({ ...chat(name), model, priority }));
  await rig.tasks.submit(wishes, ADMIN);
  await settled();
}

describe('the order over models that share engines', () => {
  it('holds where several slots become free at once', async () => {
    const engine = new ManualEngine('one', { slots: 3, state: 'starting' });
    const rig = await new TaskRig({ engines: [engine] }).start();
    await submitAll(rig, { low: ['a', 1], first: ['b', 10], second: ['b', 10], third: ['b', 10] });
    engine.change({ state: 'ready' });
    await settled();
    expect(rig.asked).toEqual(['first', 'second', 'third']);
    await answer(rig.calls[0]!);
    expect(rig.asked.at(-1)).toBe('low');
  });

  it('holds inside a batch that finds a free slot', async () => {
    const rig = await new TaskRig().start();
    await submitAll(rig, { low: ['a', 1], high: ['b', 10] });
    expect(rig.asked).toEqual(['high']);
    await answer(rig.calls[0]!);
    expect(rig.asked).toEqual(['high', 'low']);
  });

  it('holds at the start, for what waited before', async () => {
    const rig = new TaskRig();
    await rig.store.start();
    await submitAll(rig, { low: ['a', 1], high: ['b', 10] });
    await rig.start();
    await settled();
    expect(rig.asked).toEqual(['high']);
  });

  it('does not bring a task to an engine that does not serve its model', async () => {
    const engines = ['a', 'b'].map((model) => new ManualEngine(model, { models: [model], state: 'starting' }));
    const rig = await new TaskRig({ engines }).start();
    await submitAll(rig, { low: ['a', 1], first: ['b', 10], second: ['b', 10] });
    for (const engine of engines) engine.change({ state: 'ready' });
    await settled();
    expect(rig.asked).toEqual(['low', 'first']);
  });
});

describe('a task whose old attempt still hangs on its engine', () => {
  it('is told to stop in its new attempt, too', async () => {
    const rig = await new TaskRig({ engines: [new ManualEngine('one', { slots: 2 })] }).start();
    const id = await rig.submit();
    await rig.tasks.cancel(id, ADMIN);
    await rig.tasks.retry(id, ADMIN);
    await settled();
    rig.calls[0]!.fail(CANCELLED);
    await settled();
    expect(rig.tasks.workers().active).toBe(1);
    await rig.tasks.cancel(id, ADMIN);
    expect(rig.calls[1]!.signal.aborted).toBe(true);
  });

  it('completes with its new attempt, and with the tokens of that one', async () => {
    const rig = await new TaskRig({ engines: [new ManualEngine('one', { slots: 2 })] }).start();
    const id = await rig.submit();
    begin(rig.calls[0]!, 'old ');
    await rig.tasks.cancel(id, ADMIN);
    await rig.tasks.retry(id, ADMIN);
    await settled();
    await answer(rig.calls[1]!, 'new');
    begin(rig.calls[0]!, 'late ');
    rig.calls[0]!.end();
    await settled();
    expect(await rig.tasks.get(id, ADMIN)).toMatchObject({
      status: 'completed',
      result: { message: { content: 'new' } },
    });
    const records = await rig.log(id);
    const restart = records.findIndex(({ kind }) => kind === 'restart');
    expect(records.slice(restart)).toEqual([
      { kind: 'restart', attempt: 1 },
      { kind: 'state', status: 'running' },
      { kind: 'text', text: 'new' },
      { kind: 'done', status: 'completed', usage: undefined },
    ]);
  });
});

describe('another runner of the same store', () => {
  it('breaks off what is cancelled here', async () => {
    const rig = await new TaskRig({ engines: [new ManualEngine('one', { state: 'unreachable' })] }).start();
    const engine = new ManualEngine('other');
    await otherRunner(rig, engine).start();
    const id = await rig.submit();
    expect(engine.calls.length).toBe(1);
    await rig.tasks.cancel(id, ADMIN);
    expect(engine.calls[0]!.signal.aborted).toBe(true);
  });
});

describe('the log of a task', () => {
  it('is open again as soon as the task is to be tried again', async () => {
    const rig = await new TaskRig().start();
    const id = await rig.submit({ maxRetries: 0 });
    await refuse(rig.calls[0]!, 500);
    rig.engines[0]!.change({ state: 'unreachable' });
    await rig.tasks.retry(id, ADMIN);
    expect((await rig.log(id)).at(-1)).toEqual({ kind: 'restart', attempt: 1 });
    rig.engines[0]!.change({ state: 'ready' });
    await settled();
    const kinds = (await rig.log(id)).map(({ kind }) => kind);
    expect(kinds).toEqual(['state', 'error', 'restart', 'state']);
  });

  it('restarts before every attempt, also where the first one by hand found a free slot', async () => {
    const rig = await new TaskRig().start();
    const id = await rig.submit({ maxRetries: 1 });
    await refuse(rig.calls[0]!, 400);
    await rig.tasks.retry(id, ADMIN);
    await settled();
    await refuse(rig.calls[1]!, 500);
    await rig.clock.advanceAsync(1_000);
    await answer(rig.calls[2]!);
    const kinds = (await rig.log(id)).map(({ kind }) => kind);
    expect(kinds).toEqual([
      ...['state', 'error', 'restart', 'state'],
      ...['state', 'restart', 'state'],
      ...['text', 'done'],
    ]);
  });

  it('tells the tokens of the answer with its end', async () => {
    const rig = await new TaskRig().start();
    const id = await rig.submit();
    const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
    rig.calls[0]!.sink.head({ status: 200, headers: { 'content-type': 'application/json' } }, { resume: () => {} });
    const choices = [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }];
    rig.calls[0]!.sink.chunk(Buffer.from(JSON.stringify({ choices, usage })));
    rig.calls[0]!.end();
    await settled();
    expect((await rig.log(id)).at(-1)).toEqual({ kind: 'done', status: 'completed', usage });
  });

  it('says that a task which was returned waits again', async () => {
    const rig = await new TaskRig().start();
    const id = await rig.submit();
    rig.calls[0]!.fail(CUT);
    await settled();
    expect(await rig.log(id)).toEqual([
      { kind: 'state', status: 'running' },
      { kind: 'state', status: 'pending' },
    ]);
  });
});

describe('a task whose priority changes while it is the first of its model', () => {
  it.each([
    { priority: 15, expected: ['running', 'task', 'request'] },
    { priority: 10, expected: ['running', 'task', 'request'] },
    { priority: 1, expected: ['running', 'request', 'task'] },
  ])('takes the place of its new one, $priority, among requests', async ({ priority, expected }) => {
    const rig = await new TaskRig().start();
    await rig.submit(chat('running'));
    const id = await rig.submit(chat('task'));
    const asked = { model: 'm', priority: 10, sizeBytes: 0, caller: 'x', callerInFlightMax: undefined };
    const order: string[] = [];
    const served = rig.dispatcher.run(asked, new AbortController().signal, { onWait: () => {} }, async () => {
      order.push(...rig.asked, 'request');
      return { done: true, value: undefined };
    });
    await rig.tasks.setPriority(id, priority, ADMIN);
    await answer(rig.calls[0]!);
    if (priority >= 10) await answer(rig.calls[1]!);
    await served;
    await settled();
    expect([...order, ...rig.asked.slice(order.length - 1)]).toEqual(expected);
  });
});

describe('a runner that stops', () => {
  it('leaves nothing in the queue of slots', async () => {
    const rig = await new TaskRig().start();
    for (const model of ['a', 'a', 'b', 'c']) await rig.submit({ ...chat('x'), model });
    const member = rig.pool.members[0]!;
    expect(rig.dispatcher.waitingFor(member)).toBe(3);
    rig.runner.close();
    expect(rig.dispatcher.waitingFor(member)).toBe(0);
  });

  it('starts nothing with a slot that it was about to get', async () => {
    const rig = await new TaskRig().start();
    const submitted = rig.tasks.submit([chat('never')], ADMIN);
    expect(rig.dispatcher.inFlight, 'the slot is granted already').toBe(1);
    rig.runner.close();
    await submitted;
    await settled();
    expect(rig.calls).toEqual([]);
    expect(rig.dispatcher.inFlight).toBe(0);
    expect(rig.store.counts().states).toMatchObject({ ready: 1, running: 0 });
  });

  it('leaves no timer behind of a model that rests', async () => {
    const rig = await new TaskRig().start();
    await rig.submit();
    rig.calls[0]!.fail(CUT);
    await settled();
    expect(rig.clock.timers).toBe(1);
    await rig.runner.stop();
    expect(rig.clock.timers).toBe(0);
  });

  it('does not wait for room on the disk, and leaves the task claimed for the next start', async () => {
    const rig = await new TaskRig().start();
    const id = await rig.submit();
    const settle = refuseToSettle(rig);
    await answer(rig.calls[0]!);
    await rig.clock.advanceAsync(1_000);
    expect(settle.tries).toBeGreaterThan(2);
    await rig.runner.stop();
    expect(await rig.store.get(id)).toMatchObject({ state: 'running' });
    expect([rig.dispatcher.inFlight, rig.clock.timers]).toEqual([0, 0]);
  });
});

describe('a full disk', () => {
  it('costs no answer: the slot is held until the answer is stored', async () => {
    const rig = await new TaskRig().start();
    const id = await rig.submit();
    const waiting = await rig.submit();
    const settle = refuseToSettle(rig);
    await answer(rig.calls[0]!, 'kept');
    await rig.clock.advanceAsync(20_000);
    expect(rig.calls.length).toBe(1);
    settle.isRefused = false;
    await rig.clock.advanceAsync(5_500);
    expect(await rig.tasks.get(id, ADMIN)).toMatchObject({
      status: 'completed',
      result: { message: { content: 'kept' } },
    });
    expect(await rig.status(waiting)).toBe('running');
  });
});

describe('tasks whose model others serve now', () => {
  it('go on with a single engine that came back with other names', async () => {
    const engine = new ManualEngine('one', { models: ['m'], state: 'unreachable' });
    const rig = await new TaskRig({ engines: [engine] }).start();
    const id = await rig.submit();
    engine.change({ state: 'ready', models: ['renamed'] });
    await settled();
    expect(await rig.status(id)).toBe('running');
  });

  it('go on where somebody began to serve it while they were failing', async () => {
    const engines = ['one', 'two'].map((name) => new ManualEngine(name, { models: ['m'] }));
    const rig = await new TaskRig({ engines }).start();
    rig.store.onChange(({ move }) => {
      if (move === 'failed') engines[0]!.change({ models: ['m', 'new'] });
    });
    await submitAll(rig, { lost: ['new', 5], found: ['new', 5] });
    expect(rig.asked).toEqual(['found']);
  });

  it('wait where nobody serves it for a while', async () => {
    const engines = ['one', 'two'].map((name) => new ManualEngine(name, { models: ['m'], state: 'unreachable' }));
    const rig = await new TaskRig({ engines }).start();
    const id = await rig.submit();
    for (const engine of engines) engine.change({ models: ['other'], state: 'ready' });
    await settled();
    expect(await rig.status(id)).toBe('pending');
    engines[1]!.change({ models: ['m'] });
    await settled();
    expect(await rig.status(id)).toBe('running');
  });
});

function otherRunner(rig: TaskRig, engine: ManualEngine): TaskRunner {
  const { clock, arrivals, store, logger } = rig;
  const pool = new Pool([{ engine, models: [], aliases: [], weight: 1 }], logger);
  const limits = { inFlightMax: 10, waitingMax: 10, waitingBytesMax: 10, waitMaxMs: 0, startWaitMaxMs: 0 };
  return new TaskRunner({
    store,
    pool,
    dispatcher: new Dispatcher({ clock, pool, limits, arrivals }),
    logs: new MemoryLogBook({ clock, retentionMs: 1_000 }),
    clock,
    random: () => 0.5,
    logger,
    retry: { initialMs: 1_000, maxMs: 30_000, factor: 2, jitter: 0 },
    workersMax: 1,
  });
}

/** From now on the store has no room for the end of an attempt. */
function refuseToSettle(rig: TaskRig): { isRefused: boolean; tries: number } {
  const state = { isRefused: true, tries: 0 };
  const settle = rig.store.settle.bind(rig.store);
  rig.store.settle = async (claim: Claim, settlement: Settlement) => {
    state.tries += 1;
    if (state.isRefused) throw new GollamaError('storage_full', 'no space left on device');
    return settle(claim, settlement);
  };
  return state;
}
