/** What the flags say about judging a run. Read before anything is measured: a gate that is not understood ends it at once. */
import { seededRandom } from '../src/base/random.js';
import type { RunBenchFlags } from './bench-flags.js';
import { parseGate } from './gates.js';
import type { Judgement } from './session.js';
import type { RunSettings } from './settings.js';

/** Throws `usage`. */
export function judgementOf(flags: RunBenchFlags, settings: RunSettings): Judgement {
  return {
    gates: (flags.gate ?? []).map(parseGate),
    gateOptions: {
      maxErrorRate: flags['max-error-rate'] === undefined ? undefined : settings.maxErrorRate,
      allowSmallN: flags['allow-small-n'],
      allowEstimatedTokens: flags['allow-estimated-tokens'],
    },
    compareOptions: {
      random: seededRandom(flags.seed),
      minEffect: settings.minEffect,
      minAbsoluteMs: settings.minAbsoluteMs,
    },
    strictClient: flags['strict-client'],
    inconclusiveAs: flags.inconclusive as 'pass' | 'fail' | undefined,
    confirmations: flags.confirm,
  };
}
