/**
 * Which task answers a chat now: the one submitted last. Kept in memory and in the ids of the tasks
 * (`ui:<owner>:<chat>:<tag>`), from which it is read again after a restart.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock.js';
import { GollamaError } from '../../base/errors.js';
import type { TaskReport } from '../../protocol/task.js';
import type { TaskQueue, Visitor } from '../../tasks/task-queue.js';

export interface ChatsParts {
  readonly tasks: TaskQueue;
  readonly clock: Clock;
}

interface Chat {
  readonly taskId: string;
  /** True where a client has had the answer to its end. */
  isTaken: boolean;
}

/** The ones used last; a page whose chat is forgotten is told that nothing is under way. */
const CHATS_MAX = 10_000;
/** What is read again after a restart: the newest tasks, so many and so old. */
const READ_AGAIN_MAX = 10_000;
const READ_AGAIN_AGE_MS = 24 * 60 * 60 * 1000;
const PAGE = 500;
const GATEWAY: Visitor = { name: '\0gateway', admin: true, maxPriority: undefined };

export class Chats {
  readonly #tasks: TaskQueue;
  readonly #startedAtMs: number;
  readonly #chats = new Map<string, Chat>();
  #readAgain: Promise<void> | undefined;

  constructor({ tasks, clock }: ChatsParts) {
    this.#tasks = tasks;
    this.#startedAtMs = clock.epoch();
  }

  /** An id for the next task of the chat; nobody else can guess or take it. */
  nextId(chatId: string, visitor: Visitor): string {
    return `${keyOf(chatId, visitor)}:${randomBytes(9).toString('hex')}`;
  }

  /** The task was submitted: from now on it is the one. Returns the one before, where it is known. */
  began(chatId: string, visitor: Visitor, taskId: string): string | undefined {
    const key = keyOf(chatId, visitor);
    const before = this.#chats.get(key)?.taskId;
    this.#keep(key, { taskId, isTaken: false });
    return before;
  }

  /** A client has had the answer of the task to its end. */
  taken(chatId: string, visitor: Visitor, taskId: string): void {
    const chat = this.#chats.get(keyOf(chatId, visitor));
    if (chat?.taskId === taskId) chat.isTaken = true;
  }

  /**
   * The task whose answer a page may still want: it goes on, or it ended and nobody has had its end. An answer that had ended
   * before the server was started counts as taken, as nobody knows.
   */
  async unfinished(chatId: string, visitor: Visitor): Promise<TaskReport | undefined> {
    const key = keyOf(chatId, visitor);
    if (!this.#chats.has(key)) await this.#read();
    const chat = this.#chats.get(key);
    if (!chat || chat.isTaken) return undefined;
    const report = await this.#report(chat.taskId, visitor);
    const endedAt = report?.completed_at;
    return endedAt === undefined || Date.parse(endedAt) >= this.#startedAtMs ? report : undefined;
  }

  async #report(taskId: string, visitor: Visitor): Promise<TaskReport | undefined> {
    try {
      return await this.#tasks.get(taskId, visitor);
    } catch (error) {
      if (error instanceof GollamaError && error.code === 'not_found') return undefined;
      throw error;
    }
  }

  /** Once; again where it failed. */
  #read(): Promise<void> {
    this.#readAgain ??= this.#readTasks().catch((error: unknown) => {
      this.#readAgain = undefined;
      throw error;
    });
    return this.#readAgain;
  }

  async #readTasks(): Promise<void> {
    const sinceMs = this.#startedAtMs - READ_AGAIN_AGE_MS;
    const found = new Map<string, Chat>();
    let cursor: number | undefined;
    for (let read = 0; read < READ_AGAIN_MAX; read += PAGE) {
      const from = cursor === undefined ? {} : { cursor };
      const page = await this.#tasks.list(
        { types: ['chat'], sinceMs, newestFirst: true, limit: PAGE, ...from },
        GATEWAY,
      );
      for (const { id } of page.tasks) {
        const key = id.startsWith('ui:') ? id.slice(0, id.lastIndexOf(':')) : undefined;
        if (key !== undefined && !found.has(key)) found.set(key, { taskId: id, isTaken: false });
      }
      cursor = page.cursor;
      if (cursor === undefined) break;
    }
    // What began meanwhile is newer.
    for (const [key, chat] of found) if (!this.#chats.has(key)) this.#keep(key, chat);
  }

  #keep(key: string, chat: Chat): void {
    this.#chats.delete(key);
    this.#chats.set(key, chat);
    if (this.#chats.size <= CHATS_MAX) return;
    for (const oldest of this.#chats.keys()) {
      this.#chats.delete(oldest);
      return;
    }
  }
}

/** Chats of the same name belong to different people. */
function keyOf(chatId: string, { name }: Visitor): string {
  return `ui:${createHash('sha256').update(name).digest('hex').slice(0, 12)}:${chatId}`;
}
