/** Timers of the clock keep no process alive, and idle connections neither: between two requests nothing else would. */
import { MessageChannel } from 'node:worker_threads';

/** The process lasts until `work` has settled. */
export async function keptAlive<T>(work: () => Promise<T>): Promise<T> {
  const { port1, port2 } = new MessageChannel();
  port1.ref();
  try {
    return await work();
  } finally {
    port1.close();
    port2.close();
  }
}
