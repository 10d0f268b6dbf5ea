/** One contestant in a process of its own: receives what it is told to, and reports. Ends with its parent. */
import { performance } from 'node:perf_hooks';
import { systemClock } from '../../src/base/clock.js';
import { messageOf } from '../../src/base/errors.js';
import { quantile } from '../statistics/quantile.js';
import { type ContestantName, type Play, receive } from './contestant.js';

export interface Report {
  readonly events: number;
  readonly wallMs: number;
  readonly cpuUs: number;
  readonly elu: number;
  readonly delayP50Ms: number;
  readonly delayP99Ms: number;
}

export type ContestantMessage = Report | { readonly error: string };

const name = process.argv[2] as ContestantName;

process.once('disconnect', () => process.exit());
process.on('message', (play: Play) => void answer(play));

async function answer(play: Play): Promise<void> {
  try {
    const before = performance.eventLoopUtilization();
    const { events, wallMs, cpuUs, delaysMs } = await receive(name, play, systemClock);
    const elu = performance.eventLoopUtilization(before).utilization;
    tell({ events, wallMs, cpuUs, elu, delayP50Ms: quantile(delaysMs, 0.5), delayP99Ms: quantile(delaysMs, 0.99) });
  } catch (thrown) {
    tell({ error: messageOf(thrown) });
  }
}

function tell(message: ContestantMessage): void {
  process.send?.(message);
}
