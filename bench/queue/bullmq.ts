/** The same work for BullMQ, as its documentation writes it. */
import type { JobsOptions, Queue, Worker } from 'bullmq';
import { paceOf } from './closed-loop.js';
import { besideDisk } from './disk.js';
import { CLIENTS } from './lives.js';
import type { Figures, Setting } from './measurement.js';
import { withRedis } from './redis-server.js';
import { ANSWER, submission } from './workload.js';

const SUBMITTERS = 64;
/** Its own way round: 1 goes first. */
const PRIORITIES: Readonly<Record<number, number>> = { 15: 1, 10: 2, 5: 3, 1: 4 };
const RETRIES = { attempts: 4, backoff: { type: 'exponential', delay: 1000 } };
const KEPT = 1000;
const RESULT = { message: { role: 'assistant', content: ANSWER } };

export function bullmqSubmits({ folder, seconds }: Setting): Promise<Figures> {
  return besideDisk(folder, () =>
    withBullmq(folder, async (queue) => {
      const { perS: tasksPerS, cpuUsEach } = await paceOf(SUBMITTERS, seconds, (at) => add(queue, at));
      return { tasksPerS, cpuUsEach };
    }),
  );
}

export function bullmqLives({ folder, seconds }: Setting): Promise<Figures> {
  return besideDisk(folder, () =>
    withBullmq(folder, async (queue, work) => {
      const ends = new Map<number, () => void>();
      const worker = work(CLIENTS);
      worker.on('completed', (job) => ends.get((job.data as { at: number }).at)?.());
      await worker.waitUntilReady();
      const { perS: livesPerS, cpuUsEach } = await paceOf(CLIENTS, seconds, async (at) => {
        const ended = new Promise<void>((resolve) => ends.set(at, resolve));
        await add(queue, at);
        await ended;
        ends.delete(at);
      });
      await worker.close(true);
      return { livesPerS, cpuUsEach };
    }),
  );
}

function add(queue: Queue, at: number): Promise<unknown> {
  const { priority = 5, ...data } = submission(at);
  const options: JobsOptions = { priority: PRIORITIES[priority] ?? 3, ...RETRIES, removeOnComplete: KEPT };
  return queue.add('chat', { ...data, at }, options);
}

function withBullmq(
  folder: string,
  use: (queue: Queue, work: (concurrency: number) => Worker) => Promise<Figures>,
): Promise<Figures> {
  return withRedis(folder, async (port) => {
    const bullmq = await import('bullmq');
    const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
    const queue = new bullmq.Queue('bench', { connection });
    // Its connections end with the server: their complaints are about that.
    queue.on('error', () => {});
    const work = (concurrency: number) => {
      const worker = new bullmq.Worker('bench', () => Promise.resolve(RESULT), { connection, concurrency });
      return worker.on('error', () => {});
    };
    await queue.waitUntilReady();
    const figures = await use(queue, work);
    await queue.close();
    return figures;
  });
}
