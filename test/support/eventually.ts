/** For what can only be seen by looking, such as another process: looks again and again until it is so. */

const LOOK_MS = 10;
/** Longer than anything that is waited for here, so that a failure names what did not come. */
const PATIENCE_MS = 15_000;

/** Resolves with the first value that is not `undefined` or `false`; rejects with what was waited for. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  patienceMs: number = PATIENCE_MS,
): Promise<T> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > untilMs) throw new Error(`waited ${patienceMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
