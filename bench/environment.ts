/** The machine that a run was made on, as far as it decides what its figures mean. */
import { arch, cpus, platform } from 'node:os';
import type { Clock } from '../src/base/clock.js';
import type { BenchResult } from './result.js';

/** Names of CI systems by the variable that they set. */
const CI_VARIABLES: readonly (readonly [string, string])[] = [
  ['GITHUB_ACTIONS', 'github-actions'],
  ['GITLAB_CI', 'gitlab-ci'],
  ['BUILDKITE', 'buildkite'],
  ['JENKINS_URL', 'jenkins'],
  ['CI', 'ci'],
];

const SCORE_ROUNDS = 3;
const SCORE_STEPS = 2_000_000;
/** Steps a millisecond that make a score of 1; a scale of its own. */
const SCORE_UNIT = 200_000;

export function environment(env: Readonly<Record<string, string | undefined>>, clock: Clock): BenchResult['env'] {
  const cores = cpus();
  return {
    os: platform(),
    arch: arch(),
    cpus: cores.length,
    cpu_model: cores[0]?.model.trim() ?? 'unknown',
    ci: CI_VARIABLES.find(([name]) => env[name])?.[1] ?? null,
    cpu_score: cpuScore(clock),
  };
}

/** The best of a few short loops of integer work: noise only makes it smaller. */
function cpuScore(clock: Clock): number {
  let best = 0;
  for (let round = 0; round < SCORE_ROUNDS; round += 1) {
    const startMs = clock.now();
    let state = 1;
    for (let step = 0; step < SCORE_STEPS; step += 1) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    const tookMs = clock.now() - startMs;
    // The state is used, so that the loop cannot be left out.
    best = Math.max(best, (SCORE_STEPS + (state === 0 ? 1 : 0)) / Math.max(tookMs, 0.001) / SCORE_UNIT);
  }
  return Math.round(best * 100) / 100;
}
