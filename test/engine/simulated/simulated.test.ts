import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/base/logger.js';
import { SlotStuckError } from '../../../src/engine/engine.js';
import { SimulatedEngine, type SimulatedEngineOptions } from '../../../src/engine/simulated/simulated.js';
import { chatCall, describeEngine } from '../../conformance/engine.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { RecordingSink } from '../../support/recording-sink.js';

function make(options: Partial<SimulatedEngineOptions> = {}) {
  const clock = new ManualClock();
  const engine = new SimulatedEngine(
    { name: 'one', models: ['sim'], slots: 2, ttftMs: 700, tokenMs: 60, seed: 7, ...options },
    { clock, logger: silentLogger },
  );
  return { clock, engine };
}

/** Moves time until `promise` settles. */
async function until<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let done = false;
  const end = () => {
    done = true;
  };
  promise.then(end, end);
  for (let step = 0; !done && step < 20_000; step++) await clock.advanceAsync(20);
  return promise;
}

describeEngine('the simulated engine', async () => {
  const { clock, engine } = make();
  return { engine, until: (promise) => until(clock, promise), busySlots: () => engine.busySlots };
});

describe('the simulated engine', () => {
  it('takes 700 ms to the first token and 60 ms for each further one', async () => {
    const { clock, engine } = make();
    await engine.start();
    const sink = new RecordingSink();
    const done = engine.forward(chatCall({ max_tokens: 3 }), sink, new AbortController().signal);
    await clock.advanceAsync(699);
    expect(sink.heads).toHaveLength(0);
    await clock.advanceAsync(1);
    expect(sink.chunks).toHaveLength(1);
    await clock.advanceAsync(59);
    expect(sink.chunks).toHaveLength(1);
    await clock.advanceAsync(1);
    expect(sink.chunks).toHaveLength(2);
    await clock.advanceAsync(60);
    await done;
    expect(sink.events.at(-1)).toBe('[DONE]');
    expect(clock.timers).toBe(0);
  });

  it('leaves no timer behind after an abort', async () => {
    const { clock, engine } = make();
    await engine.start();
    const controller = new AbortController();
    const done = engine.forward(chatCall(), new RecordingSink(), controller.signal);
    await clock.advanceAsync(750);
    controller.abort();
    await expect(done).rejects.toMatchObject({ code: 'cancelled' });
    expect(clock.timers).toBe(0);
  });

  it('comes back by itself after a crash, and fails what ran in it', async () => {
    const { clock, engine } = make();
    await engine.start();
    const bystander = engine.forward(chatCall({ max_tokens: 500 }), new RecordingSink(), new AbortController().signal);
    bystander.catch(() => undefined);
    const crashed = engine.forward(
      chatCall({ simulate_fault: 'crash' }),
      new RecordingSink(),
      new AbortController().signal,
    );
    crashed.catch(() => undefined);
    await clock.advanceAsync(700 + 2 * 60);
    await expect(crashed).rejects.toMatchObject({ code: 'engine_error' });
    await expect(bystander).rejects.toMatchObject({ code: 'engine_error' });
    expect(engine.status()).toMatchObject({ state: 'backoff', problem: 'it exited with code 1' });
    const refused = engine.forward(chatCall(), new RecordingSink(), new AbortController().signal);
    await expect(refused).rejects.toMatchObject({ code: 'engine_unavailable' });
    await clock.advanceAsync(1_000);
    expect(engine.status()).toMatchObject({ state: 'ready', restarts: 1, problem: undefined });
  });

  it('does not come back from a crash when it was stopped meanwhile', async () => {
    const { clock, engine } = make();
    await engine.start();
    engine.recycle('test');
    await engine.stop();
    await clock.advanceAsync(10_000);
    expect(engine.status().state).toBe('stopped');
  });

  it('tells of a stuck slot, and has it back after a recycle', async () => {
    const { clock, engine } = make({ slots: 1 });
    await engine.start();
    const controller = new AbortController();
    const done = engine.forward(chatCall({ simulate_fault: 'slot-stuck' }), new RecordingSink(), controller.signal);
    await clock.advanceAsync(760);
    controller.abort();
    await expect(done).rejects.toBeInstanceOf(SlotStuckError);
    expect(engine.busySlots).toBe(1);
    engine.recycle('slot stuck');
    expect(engine.status().state).toBe('backoff');
    await clock.advanceAsync(1_000);
    expect(engine.status().state).toBe('ready');
    expect(engine.busySlots).toBe(0);
    const sink = new RecordingSink();
    await until(clock, engine.forward(chatCall(), sink, new AbortController().signal));
    expect(sink.status).toBe(200);
  });

  it('does not start under exit-at-load, and says why', async () => {
    const { engine } = make({ faults: { 'exit-at-load': 1 } });
    await expect(engine.start()).rejects.toMatchObject({ code: 'engine_unavailable' });
    expect(engine.status()).toMatchObject({ state: 'crash-loop', problem: expect.stringContaining('failed to load') });
  });

  it('gives up a start under never-ready after 30 s, and at once when it is stopped', async () => {
    const { clock, engine } = make({ faults: { 'never-ready': 1 } });
    const start = engine.start();
    start.catch(() => undefined);
    await clock.advanceAsync(29_999);
    expect(engine.status()).toMatchObject({ state: 'starting', problem: undefined });
    await clock.advanceAsync(1);
    await expect(start).rejects.toMatchObject({ code: 'engine_unavailable' });
    const again = engine.start();
    again.catch(() => undefined);
    await engine.stop();
    await expect(again).rejects.toMatchObject({ code: 'engine_unavailable' });
    expect(engine.status().state).toBe('stopped');
    expect(clock.timers).toBe(0);
  });

  it('is ready later under slow-ready', async () => {
    const { clock, engine } = make({ faults: { 'slow-ready': 1 } });
    const start = engine.start();
    await clock.advanceAsync(1_999);
    expect(engine.status().state).toBe('starting');
    await clock.advanceAsync(1);
    await start;
    expect(engine.status().state).toBe('ready');
  });

  it('fails the share of requests that a rate names, the same ones for the same seed', async () => {
    const run = async (seed: number) => {
      const { clock, engine } = make({ seed, faults: { 'too-many': 0.3 }, ttftMs: 0, tokenMs: 0 });
      await engine.start();
      const statuses: (number | undefined)[] = [];
      for (let call = 0; call < 200; call++) {
        const sink = new RecordingSink();
        await until(clock, engine.forward(chatCall(), sink, new AbortController().signal));
        statuses.push(sink.status);
      }
      return statuses;
    };
    const [first, again] = [await run(3), await run(3)];
    expect(again).toEqual(first);
    const failed = first.filter((status) => status === 429).length;
    expect(failed).toBeGreaterThan(40);
    expect(failed).toBeLessThan(80);
    await settled();
  });
});
