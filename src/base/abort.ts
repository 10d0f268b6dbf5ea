/**
 * Listens to a signal that outlives many listeners: a listener of an EventTarget costs several microseconds, an entry in a list
 * next to nothing. All that listen to a signal share one listener of its own. They are few at a time. (Not a Set: one that
 * entries come to and go from leaves outgrown tables behind, through which V8 keeps the listeners that were in them.)
 */

const listenersOf = new WeakMap<AbortSignal, (() => void)[]>();

/** Calls `listener` once when `signal` aborts; never where it has aborted already. */
export function listenToAbort(signal: AbortSignal, listener: () => void): void {
  const listeners = listenersOf.get(signal) ?? sharedListeners(signal);
  if (!listeners.includes(listener)) listeners.push(listener);
}

export function unlistenToAbort(signal: AbortSignal, listener: () => void): void {
  const listeners = listenersOf.get(signal);
  const at = listeners?.indexOf(listener) ?? -1;
  if (at >= 0) listeners?.splice(at, 1);
}

function sharedListeners(signal: AbortSignal): (() => void)[] {
  const listeners: (() => void)[] = [];
  listenersOf.set(signal, listeners);
  const tellAll = () => {
    // One that is told may end another one's listening.
    for (const listener of [...listeners]) {
      if (!listeners.includes(listener)) continue;
      unlistenToAbort(signal, listener);
      listener();
    }
  };
  signal.addEventListener('abort', tellAll, { once: true });
  return listeners;
}
