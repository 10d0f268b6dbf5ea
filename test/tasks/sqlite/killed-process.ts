/**
 * A process to be killed: does all that can be done to tasks, as fast as it can, in the folder of its first argument, and
 * writes what was acknowledged to the file of its second one, a line each.
 */
import { openSync, writeSync } from 'node:fs';
import { systemClock } from '../../../src/base/clock.js';
import { silentLogger } from '../../../src/base/logger.js';
import { Arrivals } from '../../../src/queue/arrivals.js';
import { SqliteTaskStore } from '../../../src/tasks/sqlite/sqlite-store.js';
import { newTask } from '../../conformance/task-store/harness.js';

const [folder = '', logPath = '', seed = '1'] = process.argv.slice(2);
const log = openSync(logPath, 'a');
const say = (word: string, id: string) => writeSync(log, `${word} ${id}\n`);
const store = new SqliteTaskStore({ folder, clock: systemClock, arrivals: new Arrivals(), logger: silentLogger });

let state = Number(seed);
const chance = () => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
};

async function submitForEver(): Promise<void> {
  for (;;) {
    const count = chance() < 0.1 ? 20 : 1;
    const tasks = Array.from({ length: count }, () => newTask({ priority: Math.floor(chance() * 4), notify: true }));
    const submitted = await store.submit(tasks);
    for (const { task } of submitted) say('submitted', task.id);
    const first = submitted[0]?.task.id ?? '';
    if (chance() < 0.2 && (await store.cancel(first))?.moved) say('cancelled', first);
    if (chance() < 0.2) await store.setPriority(first, 9);
  }
}

async function runForEver(): Promise<void> {
  for (;;) {
    const claim = await store.claim(newTask().model, 'one');
    if (!claim) {
      await new Promise(setImmediate);
      continue;
    }
    say('started', claim.task.id);
    if (chance() < 0.1) await store.settle(claim, { kind: 'returned', crashed: false });
    else if (await store.settle(claim, { kind: 'completed', result: `"${claim.task.id}"` }))
      say('completed', claim.task.id);
  }
}

await store.start();
say('open', '-');
await Promise.all([...Array.from({ length: 16 }, submitForEver), ...Array.from({ length: 16 }, runForEver)]);
