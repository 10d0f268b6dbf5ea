import type { Visitor } from '../tasks/task-queue.js';

/** The program around the queue: every task is its own. */
export const EMBEDDER: Visitor = { name: 'library', admin: true, maxPriority: undefined };
