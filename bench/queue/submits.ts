/** Durable submissions, each acknowledged before its client sends the next. */
import { paceOf } from './closed-loop.js';
import { besideDisk } from './disk.js';
import type { Figures, Setting } from './measurement.js';
import { withStore } from './stores.js';
import { newTask } from './workload.js';

/** From so many clients at once. */
export function submits(clients: number) {
  return ({ folder, seconds }: Setting): Promise<Figures> =>
    besideDisk(folder, () =>
      withStore(folder, async (store) => {
        const { perS: tasksPerS, cpuUsEach } = await paceOf(clients, seconds, (at) => store.submit([newTask(at)]));
        return { tasksPerS, cpuUsEach };
      }),
    );
}
