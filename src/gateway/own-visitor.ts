/** The gateway itself where it looks after tasks of others. No API key has such a name. */
import type { Visitor } from '../tasks/task-queue.js';

export const OWN_VISITOR: Visitor = { name: '\0gateway', admin: true, maxPriority: undefined };
