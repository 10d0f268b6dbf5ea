/** Waits until many tasks have ended, a few at a time, and tells each one. */
import type { Client } from '../client/client.js';
import type { TaskReport, TaskStatus } from '../protocol/task.js';

const AT_ONCE = 16;

/** A line of the results file. */
export interface BatchResult {
  /** Place in the batch file, from 0. */
  readonly index: number;
  readonly id: string;
  readonly status: TaskStatus;
  readonly result?: unknown;
  readonly error?: string;
}

export interface Ended {
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
}

/**
 * Hands every task to `onEnd` when it has ended, and waits for that. Rejects with `cancelled` where `signal` aborts, and as
 * `Client.waitForTask`.
 */
export async function waitForBatch(
  client: Client,
  ids: readonly string[],
  signal: AbortSignal,
  onEnd: (result: BatchResult, so: Ended) => Promise<void> | void,
): Promise<Ended> {
  const so = { completed: 0, failed: 0, cancelled: 0 };
  const rest = ids.entries();
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const work = async () => {
    for (const [index, id] of rest) {
      const task = await client.waitForTask(id, { signal: either });
      so[task.status as keyof Ended] += 1;
      await onEnd(resultOf(index, task), { ...so });
    }
  };
  const workers = Array.from({ length: Math.min(AT_ONCE, ids.length) }, () =>
    work().catch((thrown: unknown) => {
      failure.abort();
      throw thrown;
    }),
  );
  const settled = await Promise.allSettled(workers);
  // The first that failed; the others were only told to stop.
  const failed = settled.filter((one) => one.status === 'rejected').map(({ reason }) => reason as unknown);
  if (failed.length > 0) throw failed.find((reason) => !isCancelled(reason)) ?? failed[0];
  return so;
}

function isCancelled(reason: unknown): boolean {
  return typeof reason === 'object' && reason !== null && 'code' in reason && reason.code === 'cancelled';
}

function resultOf(index: number, { id, status, result, error }: TaskReport): BatchResult {
  if (status === 'completed') return { index, id, status, result };
  return { index, id, status, error: error ?? status };
}
