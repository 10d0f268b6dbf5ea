import { describe, expect, it, vi } from 'vitest';
import { listenToAbort, unlistenToAbort } from '../../src/base/abort.js';

describe('those who listen to a signal', () => {
  it('share one listener of its own, however many they are', () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    for (let at = 0; at < 3; at += 1) {
      const listener = () => undefined;
      listenToAbort(signal, listener);
      unlistenToAbort(signal, listener);
    }
    expect(added).toHaveBeenCalledTimes(1);
  });

  it('are each called once', () => {
    const controller = new AbortController();
    const [one, two] = [vi.fn(), vi.fn()];
    for (const listener of [one, two]) listenToAbort(controller.signal, listener);
    controller.abort();
    controller.abort();
    expect([one.mock.calls.length, two.mock.calls.length]).toEqual([1, 1]);
  });

  it('are not called when they listen no more', () => {
    const controller = new AbortController();
    const listener = vi.fn();
    listenToAbort(controller.signal, listener);
    unlistenToAbort(controller.signal, listener);
    controller.abort();
    expect(listener).not.toHaveBeenCalled();
  });

  it('are not called where another one that is called makes them listen no more', () => {
    const controller = new AbortController();
    const two = vi.fn();
    listenToAbort(controller.signal, () => unlistenToAbort(controller.signal, two));
    listenToAbort(controller.signal, two);
    controller.abort();
    expect(two).not.toHaveBeenCalled();
  });

  it('are called although another one stops listening meanwhile', () => {
    const controller = new AbortController();
    const two = vi.fn();
    const one = () => unlistenToAbort(controller.signal, one);
    listenToAbort(controller.signal, one);
    listenToAbort(controller.signal, two);
    controller.abort();
    expect(two).toHaveBeenCalledTimes(1);
  });
});
