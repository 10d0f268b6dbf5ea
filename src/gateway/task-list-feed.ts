/**
 * The whole list of tasks, again and again, as the pages of Ollama Queue read it: a text frame that holds the array and a
 * newline, when a client connects and when a task has changed.
 */
import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { TaskQueue, Visitor } from '../tasks/task-queue.js';
import { PAGE_MAX } from '../tasks/task-store.js';
import type { SocketClient } from './socket-client.js';

/** From one list to the next, for those who see the same tasks. */
const INTERVAL_MS = 100;
/** A list of thousands of tasks takes far longer than the interval: made again at once it would leave no time for the rest. */
const REST_FACTOR = 4;
const REST_MS_MAX = 2_000;

export interface TaskListFeedParts {
  readonly tasks: TaskQueue;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class TaskListFeed {
  readonly #parts: TaskListFeedParts;
  /** By who sees the same: a name, or all admins. */
  readonly #groups = new Map<string | undefined, Group>();

  constructor(parts: TaskListFeedParts) {
    this.#parts = parts;
  }

  /** A task of that owner has changed. */
  changed(owner: string): void {
    this.#groups.get(undefined)?.changed();
    this.#groups.get(owner)?.changed();
  }

  add(visitor: Visitor, client: SocketClient): void {
    const key = keyOf(visitor);
    const group = this.#groups.get(key) ?? new Group(this.#parts, visitor);
    this.#groups.set(key, group);
    group.add(client);
  }

  /** A client that was behind has caught up. */
  drained(visitor: Visitor, client: SocketClient): void {
    this.#groups.get(keyOf(visitor))?.add(client);
  }

  remove(visitor: Visitor, client: SocketClient): void {
    const key = keyOf(visitor);
    if (this.#groups.get(key)?.remove(client)) this.#groups.delete(key);
  }
}

function keyOf(visitor: Visitor): string | undefined {
  return visitor.admin ? undefined : visitor.name;
}

/** Clients who see the same tasks: each list is read and written once for all of them. */
class Group {
  readonly #parts: TaskListFeedParts;
  readonly #visitor: Visitor;
  readonly #clients = new Set<SocketClient>();
  /** Those for whom there is something new. */
  readonly #owed = new Set<SocketClient>();
  /** True while a list is on its way, and for a while after it. */
  #isResting = false;

  constructor(parts: TaskListFeedParts, visitor: Visitor) {
    this.#parts = parts;
    this.#visitor = visitor;
  }

  add(client: SocketClient): void {
    this.#clients.add(client);
    this.#owed.add(client);
    this.#wake();
  }

  /** True where nobody is left. */
  remove(client: SocketClient): boolean {
    this.#owed.delete(client);
    this.#clients.delete(client);
    return this.#clients.size === 0;
  }

  changed(): void {
    for (const client of this.#clients) this.#owed.add(client);
    this.#wake();
  }

  #wake(): void {
    if (!this.#isResting && this.#owed.size > 0) void this.#round();
  }

  async #round(): Promise<void> {
    this.#isResting = true;
    const { clock, logger } = this.#parts;
    const startedAtMs = clock.now();
    try {
      await this.#send();
    } catch (error) {
      // The next change tries again.
      logger.warn({ err: error }, 'the list of tasks could not be read for /ws');
    }
    clock.after(restMs(clock.now() - startedAtMs), () => {
      this.#isResting = false;
      this.#wake();
    });
  }

  async #send(): Promise<void> {
    // A client that is behind is owed nothing until it has caught up. What changes from here on is owed again.
    const owed = [...this.#owed].filter((client) => !client.isBehind());
    this.#owed.clear();
    if (owed.length === 0) return;
    const { tasks } = await this.#parts.tasks.list({ limit: PAGE_MAX, newestFirst: true }, this.#visitor);
    const frame = Buffer.from(`${JSON.stringify([...tasks].reverse())}\n`);
    for (const client of owed) if (this.#clients.has(client)) client.send(frame);
  }
}

function restMs(tookMs: number): number {
  return Math.max(INTERVAL_MS - tookMs, Math.min(tookMs * REST_FACTOR, REST_MS_MAX));
}
