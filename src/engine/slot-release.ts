/**
 * Did the engine stop working on a call that was aborted? A llama-server says so in `GET /slots`. It is looked at a few
 * times with growing distance, never in a tight loop: every answer to a poll wakes the engine's waiting requests
 * and puts off the moment at which they check whether their client is still there.
 */
import { type Clock, pause } from '../base/clock.js';
import { GollamaError } from '../base/errors.js';
import type { HttpUpstream, Probe } from './http-upstream.js';

/**
 * - `free`: no slot works for anybody whom we do not know
 * - `stuck`: at the end one still did
 * - `unknown`: the engine has no `/slots`, never answered, or the busy slot may belong to a call that was not aborted
 */
export type SlotRelease = 'free' | 'stuck' | 'unknown';

/**
 * A stream's abort is noticed in 1 to 50 ms, but a slot that reads its prompt is only free after the batch that is under
 * way (512 to 2048 tokens: seconds, on a slow machine a minute). Hence the early looks, and the late ones.
 */
export const LOOKS_AT_MS: readonly number[] = [30, 150, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000];
/** An engine that is busy with a batch may answer a look only after it. */
const PATIENCE_MS = 5_000;

export interface ReleaseOptions {
  /** True for each slot that works; undefined where the engine has no `/slots`. Rejects when it does not answer. */
  readonly lookAtSlots: (signal: AbortSignal) => Promise<readonly boolean[] | undefined>;
  /**
   * Calls of ours that surely hold a slot: not aborted, and their headers have come. (A llama-server sends a
   * stream's headers when its slot starts.) One without headers is not counted: if it holds no slot yet, counting it
   * would hide the slot that the aborted call still holds.
   */
  readonly expectedBusy: () => number;
  /** Calls of ours that may hold a slot: not aborted, sent, no headers yet. They cannot make a slot `stuck`. Default 0. */
  readonly possiblyBusy?: () => number;
  readonly clock: Clock;
  /** Aborts the waiting; the answer is then `unknown`. */
  readonly signal?: AbortSignal;
  /** When to look, in ms after the abort, growing. */
  readonly looksAtMs?: readonly number[];
  /** Longest wait for the answer to one look. */
  readonly patienceMs?: number;
}

/** What one look showed, beside what we knew at that time. */
export interface SlotLook {
  readonly busy: number;
  readonly expected: number;
  readonly possible: number;
}

/** Rule: what the looks so far mean; undefined: look again. `latest` is the latest look that was answered. */
export function judgeRelease(latest: SlotLook | undefined, looksLeft: boolean): SlotRelease | undefined {
  if (latest && latest.busy <= latest.expected) return 'free';
  if (looksLeft) return undefined;
  if (!latest) return 'unknown';
  return latest.busy > latest.expected + latest.possible ? 'stuck' : 'unknown';
}

/** Call it right after the abort. Never rejects; resolves at the latest one patience after the last look. */
export async function confirmRelease(options: ReleaseOptions): Promise<SlotRelease> {
  const { clock, signal, looksAtMs = LOOKS_AT_MS } = options;
  const startMs = clock.now();
  let latest: SlotLook | undefined;
  let nextMs = looksAtMs[0];
  while (nextMs !== undefined) {
    await pause(clock, startMs + nextMs - clock.now(), signal);
    if (signal?.aborted) break;
    const look = await lookOnce(options);
    if (look === 'absent' || signal?.aborted) return 'unknown';
    if (look !== 'unanswered') latest = look;
    nextMs = nextLookMs(looksAtMs, clock.now() - startMs);
    const verdict = judgeRelease(latest, nextMs !== undefined);
    if (verdict) return verdict;
  }
  return 'unknown';
}

/** One look, as `ReleaseOptions.lookAtSlots` asks for it. */
export async function lookAtSlots(upstream: Pick<HttpUpstream, 'getJson'>, signal: AbortSignal) {
  return busySlots(await upstream.getJson('/slots', { timeoutMs: PATIENCE_MS, signal }));
}

/** The busy flags in an answer of `GET /slots`; undefined where asking again cannot help. Throws where it can. */
export function busySlots(probe: Probe): boolean[] | undefined {
  if (probe.status === 200) return parseSlots(probe.body);
  if (probe.status < 500 || probe.status === 501) return undefined;
  throw new GollamaError('engine_error', `the engine answered ${probe.status} to GET /slots`);
}

/** Body of `GET /slots`: `[{"id", "is_processing", …}]`; undefined where it is not that. */
export function parseSlots(body: unknown): boolean[] | undefined {
  if (!Array.isArray(body)) return undefined;
  const flags = body.map((slot: unknown) =>
    typeof slot === 'object' && slot !== null && 'is_processing' in slot ? slot.is_processing : undefined,
  );
  return flags.every((flag) => typeof flag === 'boolean') ? flags : undefined;
}

/** Looks that fell due while the one before waited for its answer are left out, so that two never come close together. */
function nextLookMs(looksAtMs: readonly number[], elapsedMs: number): number | undefined {
  return looksAtMs.find((atMs) => atMs > elapsedMs);
}

/** Our own counts may change while the answer is on its way: the smaller, more careful number of before and after counts. */
async function lookOnce(options: ReleaseOptions): Promise<SlotLook | 'absent' | 'unanswered'> {
  const possiblyBusy = options.possiblyBusy ?? (() => 0);
  const before = { expected: options.expectedBusy(), possible: possiblyBusy() };
  const slots = await patiently(options);
  if (slots === 'unanswered') return slots;
  if (slots === undefined) return 'absent';
  return {
    busy: slots.filter(Boolean).length,
    expected: Math.min(before.expected, options.expectedBusy()),
    possible: Math.max(before.possible, possiblyBusy()),
  };
}

/** The listener goes with the look: `AbortSignal.any` would leave one behind on a signal that lives as long as the engine. */
async function patiently(options: ReleaseOptions): Promise<readonly boolean[] | undefined | 'unanswered'> {
  const over = new AbortController();
  const end = () => over.abort();
  const timer = options.clock.after(options.patienceMs ?? PATIENCE_MS, end);
  options.signal?.addEventListener('abort', end, { once: true });
  if (options.signal?.aborted) end();
  try {
    return await Promise.race([options.lookAtSlots(over.signal), unansweredOn(over.signal)]);
  } catch {
    return 'unanswered';
  } finally {
    timer.cancel();
    options.signal?.removeEventListener('abort', end);
  }
}

/** A look that does not heed its signal must not hold the question open. */
function unansweredOn(signal: AbortSignal): Promise<'unanswered'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('unanswered');
    else signal.addEventListener('abort', () => resolve('unanswered'), { once: true });
  });
}
