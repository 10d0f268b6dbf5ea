/** Every change of a task as one small JSON object, in order, for the clients that ask for it. */
import type { Clock, Timer } from '../base/clock.js';
import type { TaskEventName } from '../protocol/task.js';
import type { TaskEvent } from '../tasks/task-events.js';
import type { Visitor } from '../tasks/task-queue.js';
import type { SocketClient } from './socket-client.js';

/** Events that a client may be behind for longer than `PATIENCE_MS`. */
const BEHIND_MAX = 1_000;
/** A batch of 10,000 tasks is told at once: whoever takes it in that time is not slow. */
const PATIENCE_MS = 1_000;
/** Events that a client may be behind at all. */
const BURST_MAX = 25_000;
/** As Centrifuge closes a client that is too slow. */
const SLOW = 3008;

interface Listener {
  readonly visitor: Visitor;
  /** Empty: all of them. */
  readonly names: ReadonlySet<TaskEventName>;
  patience: Timer | undefined;
}

export class TaskEventFeed {
  readonly #clock: Clock;
  readonly #listeners = new Map<SocketClient, Listener>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(client: SocketClient, visitor: Visitor, names: ReadonlySet<TaskEventName>): void {
    this.#listeners.set(client, { visitor, names, patience: undefined });
  }

  remove(client: SocketClient): void {
    this.#listeners.get(client)?.patience?.cancel();
    this.#listeners.delete(client);
  }

  tell({ report, task }: TaskEvent): void {
    if (!report || this.#listeners.size === 0) return;
    const message = Buffer.from(JSON.stringify(report));
    for (const [client, listener] of this.#listeners) {
      const { visitor, names } = listener;
      if (!visitor.admin && visitor.name !== task.owner) continue;
      if (names.size === 0 || names.has(report.event)) this.#send(client, listener, message);
    }
  }

  #send(client: SocketClient, listener: Listener, message: Buffer): void {
    client.send(message);
    if (client.pending > BURST_MAX) this.#giveUp(client);
    else if (client.pending > BEHIND_MAX) {
      listener.patience ??= this.#clock.after(PATIENCE_MS, () => {
        listener.patience = undefined;
        if (client.pending > BEHIND_MAX) this.#giveUp(client);
      });
    }
  }

  #giveUp(client: SocketClient): void {
    this.remove(client);
    client.close(SLOW, 'slow');
  }
}
