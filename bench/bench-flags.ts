/** Everything that the command line of `gollama bench` can say, as it says it; undefined: not said. */
import type { BenchFlags } from './settings.js';
import type { WorkloadFlags } from './workload/open-workload.js';

export interface RunBenchFlags extends BenchFlags, WorkloadFlags {
  readonly engine?: string | undefined;
  readonly seed: number;
  readonly model?: string | undefined;
  readonly sweep?: string | undefined;
  readonly 'wait-ready'?: string | undefined;
  readonly gate?: readonly string[] | undefined;
  readonly goodput?: string | undefined;
  readonly baseline?: string | undefined;
  readonly against?: string | undefined;
  readonly repeat?: number | undefined;
  readonly confirm: number;
  readonly 'allow-small-n': boolean;
  readonly 'allow-estimated-tokens': boolean;
  readonly 'strict-client': boolean;
  readonly inconclusive?: string | undefined;
  readonly json?: string | undefined;
  readonly compat?: string | undefined;
  readonly records?: string | undefined;
  readonly csv?: string | undefined;
  readonly markdown?: string | undefined;
  readonly html?: string | undefined;
  readonly junit?: string | undefined;
  readonly 'save-workload'?: string | undefined;
  readonly workers: string;
  readonly calibrate: boolean;
}
