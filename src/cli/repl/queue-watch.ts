/** What a question waits for, as long as no engine has it: asked from the server now and then. */
import { type Clock, pause } from '../../base/clock.js';
import { PRIORITIES } from '../../protocol/priority.js';
import type { ServerStatus } from '../../protocol/status.js';

export interface QueueWatchParts {
  readonly clock: Clock;
  readonly status?: ((signal: AbortSignal) => Promise<ServerStatus>) | undefined;
}

const FIRST_LOOK_MS = 400;
const LOOK_MS = 2_000;

/** Calls `tell` until it is stopped, which is idempotent. */
export function watchQueue(
  { clock, status }: QueueWatchParts,
  model: string,
  tell: (text: string) => void,
): { stop(): void } {
  const over = new AbortController();
  if (status) void look(status, clock, model, tell, over.signal);
  return {
    stop() {
      // Every abort makes a reason of its own, with its stack.
      if (!over.signal.aborted) over.abort();
    },
  };
}

async function look(
  status: (signal: AbortSignal) => Promise<ServerStatus>,
  clock: Clock,
  model: string,
  tell: (text: string) => void,
  over: AbortSignal,
): Promise<void> {
  await pause(clock, FIRST_LOOK_MS, over);
  while (!over.aborted) {
    try {
      const told = waitingText(await status(over), model);
      if (!over.aborted) tell(told);
    } catch {
      if (!over.aborted) tell('waiting for the server');
    }
    await pause(clock, LOOK_MS, over);
  }
}

/** Pure. Our own question is among the pending tasks. */
export function waitingText(status: ServerStatus, model: string): string {
  const able = status.engines.filter(({ models }) => models.length === 0 || models.includes(model));
  const isReady = able.some(({ state }) => state === 'ready');
  if (able.length > 0 && !isReady) {
    const [engine] = able;
    return `waiting for ${engine?.name}: ${engine?.last_error ?? engine?.state}`;
  }
  const before = status.waiting_interactive + urgentTasks(status) - 1;
  return before > 0 ? `waiting in the queue, about ${before} before it` : 'waiting in the queue';
}

/** Tasks that are not less urgent than a chat. */
function urgentTasks({ queues_by_priority: queues }: ServerStatus): number {
  return Object.entries(queues).reduce(
    (sum, [priority, count]) => (Number(priority) >= PRIORITIES.high ? sum + count : sum),
    0,
  );
}
