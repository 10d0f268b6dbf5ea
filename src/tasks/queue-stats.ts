/** The queue of tasks in numbers, as clients read them. */
import { countsByPriority, type QueueStats } from '../protocol/status.js';
import type { TaskQueue } from './task-queue.js';

export function queueStats(tasks: TaskQueue): QueueStats {
  const { states, pendingByPriority } = tasks.counts();
  const workers = tasks.workers();
  return {
    pending_tasks: states.ready + states.delayed,
    running_tasks: states.running,
    completed_tasks: states.completed,
    failed_tasks: states.failed,
    cancelled_tasks: states.cancelled,
    total_tasks: Object.values(states).reduce((sum, count) => sum + count, 0),
    queues_by_priority: countsByPriority(pendingByPriority),
    workers_active: workers.active,
    workers_idle: workers.idle,
  };
}
