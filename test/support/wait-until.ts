/** Resolves as soon as `isTrue()` is, looking after every call of the listener that `subscribe` is given. */
export function waitUntil(subscribe: (listener: () => void) => () => void, isTrue: () => boolean): Promise<void> {
  if (isTrue()) return Promise.resolve();
  return new Promise((resolve) => {
    const unsubscribe = subscribe(() => {
      if (!isTrue()) return;
      unsubscribe();
      resolve();
    });
  });
}
