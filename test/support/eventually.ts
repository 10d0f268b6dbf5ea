/** For what can only be seen by looking, such as another process: looks again and again until it is so. */

export interface Looking {
  /** Between two looks. */
  readonly everyMs?: number;
  /** Default: longer than anything that is waited for, so that a failure names what did not come. */
  readonly patienceMs?: number;
}

/** Resolves with the first value that is not `undefined` or `false`; rejects with what was waited for. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { everyMs = 10, patienceMs = 15_000 }: Looking = {},
): Promise<T> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > untilMs) throw new Error(`waited ${patienceMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
