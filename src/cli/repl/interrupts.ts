/** What Ctrl+C means at the prompt. Pure. (While something is under way, it stops that.) */

/** - `cleared`: a half-typed line is gone · `warn`: once more leaves · `leave` */
export type InterruptMeaning = 'cleared' | 'warn' | 'leave';

export interface InterruptEvent {
  /** There was nothing that it took away. */
  readonly wasEmpty: boolean;
  readonly atMs: number;
}

const TWICE_MS = 1_000;

/** `before`: the last one, if nothing else was done since. */
export function meaningOf(event: InterruptEvent, before: InterruptEvent | undefined): InterruptMeaning {
  if (!event.wasEmpty) return 'cleared';
  return before?.wasEmpty && event.atMs - before.atMs <= TWICE_MS ? 'leave' : 'warn';
}
