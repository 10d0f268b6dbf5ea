/** Every measurement by the name of its process. */

import { fillBacklog } from './backlog.js';
import { bullmqLives, bullmqSubmits } from './bullmq.js';
import { claims } from './claims.js';
import { crash, crashSurvivor, crashVictim } from './crash.js';
import { httpBatches } from './http-batches.js';
import { queueLives, storeLives } from './lives.js';
import { queueLoopDelay, storeLoopDelay } from './loop-delay.js';
import type { Measure } from './measurement.js';
import { memory, memoryOfStore } from './memory.js';
import { pages } from './pages.js';
import { starts } from './starts.js';
import { submits } from './submits.js';
import { walBytes } from './wal-bytes.js';

export const MEASUREMENTS: Readonly<Record<string, Measure>> = {
  submits: submits(64),
  'bullmq-submits': bullmqSubmits,
  'one-submitter': submits(1),
  lives: storeLives,
  'bullmq-lives': bullmqLives,
  'queue-lives': queueLives,
  starts,
  http: httpBatches,
  claims,
  crash,
  memory,
  pages,
  loop: storeLoopDelay,
  'queue-loop': queueLoopDelay,
  wal: walBytes,
  // Parts of others.
  fill: fillBacklog,
  'crash-victim': crashVictim,
  'crash-survivor': crashSurvivor,
  'memory-of-store': memoryOfStore,
};
