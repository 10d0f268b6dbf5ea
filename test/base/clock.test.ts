import { describe, expect, it, vi } from 'vitest';
import { pause, systemClock } from '../../src/base/clock.js';
import { ManualClock, settled } from '../support/manual-clock.js';

describe('a pause', () => {
  it('ends when its time has come, and not before', async () => {
    const clock = new ManualClock();
    const ended = vi.fn();
    void pause(clock, 100).then(ended);
    clock.advance(99);
    await settled();
    expect(ended).not.toHaveBeenCalled();
    clock.advance(1);
    await settled();
    expect(ended).toHaveBeenCalledOnce();
  });

  it('ends when its signal aborts, and leaves nothing behind', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const paused = pause(clock, 100, controller.signal);
    controller.abort();
    await paused;
    expect(clock.timers).toBe(0);
    await pause(clock, 100, controller.signal);
    expect(clock.timers).toBe(0);
  });

  it('leaves no listener on a signal that never aborts', async () => {
    const clock = new ManualClock();
    const { signal } = new AbortController();
    const remove = vi.spyOn(signal, 'removeEventListener');
    const paused = pause(clock, 1, signal);
    clock.advance(1);
    await paused;
    expect(remove).toHaveBeenCalledOnce();
  });
});

describe('the system clock', () => {
  it('goes forward only', () => {
    const first = systemClock.now();
    expect(systemClock.now()).toBeGreaterThanOrEqual(first);
    expect(systemClock.epoch()).toBeGreaterThan(1_700_000_000_000);
  });

  it('does not fire a timer at once that is longer than Node’s longest', async () => {
    const run = vi.fn();
    const timer = systemClock.after(2 ** 40, run);
    await new Promise<void>((resolve) => systemClock.after(-5, resolve));
    expect(run).not.toHaveBeenCalled();
    timer.cancel();
  });

  it('does not keep the process alive', () => {
    const timers = vi.spyOn(globalThis, 'setTimeout');
    systemClock.after(1_000, () => {}).cancel();
    const handle = timers.mock.results[0]?.value as NodeJS.Timeout;
    timers.mockRestore();
    expect(handle.hasRef()).toBe(false);
  });
});
