/**
 * Listens to a signal that outlives many listeners: a listener of an EventTarget costs several microseconds, an entry in a set
 * next to nothing. All that listen to a signal share one listener of its own.
 */

const listenersOf = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `listener` once when `signal` aborts; never where it has aborted already. */
export function listenToAbort(signal: AbortSignal, listener: () => void): void {
  const listeners = listenersOf.get(signal) ?? sharedListeners(signal);
  listeners.add(listener);
}

export function unlistenToAbort(signal: AbortSignal, listener: () => void): void {
  listenersOf.get(signal)?.delete(listener);
}

function sharedListeners(signal: AbortSignal): Set<() => void> {
  const listeners = new Set<() => void>();
  listenersOf.set(signal, listeners);
  const tellAll = () => {
    for (const listener of [...listeners]) if (listeners.delete(listener)) listener();
  };
  signal.addEventListener('abort', tellAll, { once: true });
  return listeners;
}
