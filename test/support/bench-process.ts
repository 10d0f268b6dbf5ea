/** `gollama bench` as a process against servers of the test, and its result. */

import { FIXTURES } from '../../bench/mock/fixtures.js';
import { type MockOptions, MockServer } from '../../bench/mock/server.js';
import { parseResult } from '../../bench/output/result-file.js';
import type { BenchResult } from '../../bench/result.js';
import { systemClock } from '../../src/base/clock.js';
import { atEnd } from './ending.js';
import { gollama, type Outcome, type ProcessOptions } from './gollama-process.js';

export interface BenchOutcome extends Outcome {
  /** What `--json -` wrote, held against its schema. Throws where it wrote something else. */
  readonly result: BenchResult;
}

/** Without measuring the client first: that takes longer than these runs do. */
export async function bench(url: string, args: readonly string[], options?: ProcessOptions): Promise<BenchOutcome> {
  const outcome = await gollama(['bench', url, '--no-calibrate', '--json', '-', ...args], options);
  return {
    ...outcome,
    get result() {
      return parseResult(outcome.stdout, `stdout of ${args.join(' ')}, beside ${outcome.stderr}`);
    },
  };
}

/** A paced server in this process. */
export async function startMock(options: Partial<MockOptions> = {}): Promise<MockServer> {
  const shape = { tokensPerSecond: 500, ttftMs: 10, tokens: 10, tokensPerChunk: 1, chunkBytes: 0, stamps: false };
  const server = new MockServer(
    { host: '127.0.0.1', port: 0, ...shape, ...options },
    { clock: systemClock, stampUs: () => 0 },
  );
  atEnd(() => server.stop());
  await server.start();
  return server;
}

export function startFixture(name: string): Promise<MockServer> {
  const fixture = FIXTURES[name];
  if (fixture === undefined) throw new Error(`no fixture ${name}`);
  return startMock({ script: fixture.script });
}
