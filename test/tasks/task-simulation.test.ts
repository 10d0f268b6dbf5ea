/**
 * Store, runner, queue, pool and logs of two servers together, under random histories. What must hold is in
 * `test/support/task-simulation/invariants.ts` and `task-watch.ts`, what may happen in `simulation.ts`.
 */
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../src/base/random.js';
import { TaskSimulation } from '../support/task-simulation/simulation.js';

const FIXED_SEEDS = Array.from({ length: 100 }, (_, index) => index + 1);

/** Runs one history; a failure tells its seed and what led to it. */
async function simulate(seed: number): Promise<TaskSimulation> {
  const simulation = new TaskSimulation(seed);
  try {
    await simulation.run();
  } catch (error) {
    const trail = simulation.trail.slice(-40).join('\n');
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}\n${trail}`, { cause: error });
  }
  return simulation;
}

describe('tasks over two servers, whatever happens in whatever order', () => {
  it(`keep their invariants after every event of ${FIXED_SEEDS.length} histories`, { timeout: 60_000 }, async () => {
    const moves = new Set<string>();
    for (const seed of FIXED_SEEDS) for (const move of (await simulate(seed)).watch.moves.keys()) moves.add(move);
    expect([...moves].sort(), 'the histories reach every move').toEqual(
      ['cancelled', 'completed', 'failed', 'readied', 'reprioritised', 'retrying', 'started', 'submitted'].sort(),
    );
  });

  const seed = Math.floor(systemRandom() * 2 ** 32);
  it(`keep them in a history that nobody has seen before (seed ${seed})`, async () => {
    await simulate(seed);
  });
});
