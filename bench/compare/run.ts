/** What a comparison looks at: a result, without what is only shown. */
import type { BenchResult } from '../result.js';

export type Run = Pick<
  BenchResult,
  | 'complete'
  | 'tool'
  | 'run'
  | 'env'
  | 'target'
  | 'workload'
  | 'load'
  | 'requests'
  | 'tokens'
  | 'latency_ms'
  | 'throughput'
  | 'windows'
  | 'client'
  | 'timeseries'
  | 'histograms'
>;
