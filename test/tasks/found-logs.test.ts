/** Logs that the process before this one did not end. */
import { describe, expect, it } from 'vitest';
import { Arrivals } from '../../src/queue/arrivals.js';
import type { LogBook } from '../../src/stream/log.js';
import { MemoryLogBook } from '../../src/stream/memory-log.js';
import { AnswerLog } from '../../src/tasks/answer-log.js';
import { MemoryTaskStore } from '../../src/tasks/memory-store.js';
import type { TaskRunner } from '../../src/tasks/runner.js';
import type { Task } from '../../src/tasks/task.js';
import { TaskQueue } from '../../src/tasks/task-queue.js';
import type { Settlement } from '../../src/tasks/task-store.js';
import { ManualClock } from '../support/manual-clock.js';

const ME = { name: 'me', admin: true, maxPriority: undefined };
const COMPLETED: Settlement = { kind: 'completed', result: JSON.stringify({ message: { content: 'Hello' } }) };

/** What the log of a task says that was told `Hel` when it ended so, after the next start. */
async function toldAfter(settlement: Settlement | undefined): Promise<unknown> {
  const clock = new ManualClock();
  const store = new MemoryTaskStore({ clock, arrivals: new Arrivals() });
  const logs: LogBook = new MemoryLogBook({ clock, retentionMs: 60_000 });
  const answerLog = new AnswerLog(logs);
  const idle = {
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    close: () => {},
    beginsAnew: (task: Task) => answerLog.beginsAnew(task),
  };
  const runner = idle as unknown as TaskRunner;
  const tasks = new TaskQueue({ store, runner, logs, clock, pendingMax: 9, retriesMax: 3, workersMax: 1 });
  await store.start();
  const [task] = await tasks.submit([{ type: 'chat', model: 'm', payload: { messages: [] }, options: null }], ME);
  const id = task?.id ?? '';
  const claim = await store.claim('m', 'e');
  logs.append(id, { kind: 'text', text: 'Hel' });
  if (claim && settlement) await store.settle(claim, settlement);
  Object.defineProperty(logs, 'found', { value: [id] });
  await tasks.start();
  return (await logs.read(id, 1, 10))?.map(({ record }) => record);
}

describe('a log that was found without its end', () => {
  it('gets what it lacks of the answer, where the task is completed', async () => {
    expect(await toldAfter(COMPLETED)).toEqual([
      { kind: 'text', text: 'lo' },
      { kind: 'done', status: 'completed', usage: undefined },
    ]);
  });

  it('gets its end where the task has failed', async () => {
    const end = { kind: 'error', message: 'boom', code: 'engine_error' };
    expect(await toldAfter({ kind: 'failed', error: 'boom' })).toEqual([end]);
  });

  it('says that the answer begins anew where the task goes on, before anybody reads it', async () => {
    expect(await toldAfter(undefined)).toEqual([{ kind: 'restart', attempt: 1 }]);
  });
});
