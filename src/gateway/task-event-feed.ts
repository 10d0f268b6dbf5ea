/** Every change of a task as one small JSON object, in order, for the clients that ask for it. */
import type { TaskEventName } from '../protocol/task.js';
import type { TaskEvent } from '../tasks/task-events.js';
import type { Visitor } from '../tasks/task-queue.js';
import type { SocketClient } from './socket-client.js';

/** Events that a client may be behind. */
const BEHIND_MAX = 1_000;
/** As Centrifuge closes a client that is too slow. */
const SLOW = 3008;

interface Listener {
  readonly visitor: Visitor;
  /** Empty: all of them. */
  readonly names: ReadonlySet<TaskEventName>;
}

export class TaskEventFeed {
  readonly #listeners = new Map<SocketClient, Listener>();

  add(client: SocketClient, listener: Listener): void {
    this.#listeners.set(client, listener);
  }

  remove(client: SocketClient): void {
    this.#listeners.delete(client);
  }

  tell({ report, task }: TaskEvent): void {
    if (!report || this.#listeners.size === 0) return;
    const message = Buffer.from(JSON.stringify(report));
    for (const [client, { visitor, names }] of this.#listeners) {
      if (!visitor.admin && visitor.name !== task.owner) continue;
      if (names.size > 0 && !names.has(report.event)) continue;
      if (client.pending < BEHIND_MAX) {
        client.send(message);
        continue;
      }
      this.remove(client);
      client.close(SLOW, 'slow');
    }
  }
}
