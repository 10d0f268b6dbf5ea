/** Whole lives: submitted, claimed, completed with a result, each of the three durable before the next. */
import type { TaskStore } from '../../src/tasks/task-store.js';
import { paceOf } from './closed-loop.js';
import { besideDisk } from './disk.js';
import type { Figures, Setting } from './measurement.js';
import { withStore } from './stores.js';
import { SUBMITTER, withQueue } from './whole-queue.js';
import { MODEL, newTask, RESULT, submission } from './workload.js';

export const CLIENTS = 256;

/** Through the store alone. */
export function storeLives({ folder, seconds }: Setting): Promise<Figures> {
  return besideDisk(folder, () =>
    withStore(folder, async (store) => {
      const ends = new Ends();
      store.onHead(() => void completeFirst(store));
      store.onChange(({ move, task }) => {
        if (move === 'completed') ends.reached(task.number);
      });
      const { perS: livesPerS, cpuUsEach } = await paceOf(CLIENTS, seconds, async (at) => {
        const [submitted] = await store.submit([newTask(at)]);
        await ends.of(submitted?.task.number ?? 0);
      });
      return { livesPerS, cpuUsEach };
    }),
  );
}

/** Through everything that a server has behind its routes. */
export function queueLives({ folder, seconds }: Setting): Promise<Figures> {
  const ends = new Ends<string>();
  const changed = ({ move, task }: { move: string; task: { id: string } }) => {
    if (move === 'completed') ends.reached(task.id);
  };
  return besideDisk(folder, () =>
    withQueue(folder, CLIENTS, { changed }, async (tasks) => {
      const { perS: livesPerS, cpuUsEach } = await paceOf(CLIENTS, seconds, async (at) => {
        const [submitted] = await tasks.submit([submission(at)], SUBMITTER);
        await ends.of(submitted?.id ?? '');
      });
      return { livesPerS, cpuUsEach };
    }),
  );
}

/** Takes what is first, and ends it at once. */
export async function completeFirst(store: TaskStore): Promise<void> {
  const claim = await store.claim(MODEL, 'bench');
  if (claim) await store.settle(claim, { kind: 'completed', result: RESULT });
}

/** Ends of tasks, whether they come before or after somebody waits for them. */
class Ends<K = number> {
  readonly #reached = new Set<K>();
  readonly #waiting = new Map<K, () => void>();

  reached(task: K): void {
    const resolve = this.#waiting.get(task);
    if (!resolve) this.#reached.add(task);
    else {
      this.#waiting.delete(task);
      resolve();
    }
  }

  of(task: K): Promise<void> {
    if (this.#reached.delete(task)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.set(task, resolve));
  }
}
