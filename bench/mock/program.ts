/**
 * Mocks in a process of their own, for measuring: started by fork with their options as JSON in the first argument, a
 * list of them; it tells the URLs, and ends with its parent.
 */
import { systemClock } from '../../src/base/clock.js';
import { messageOf } from '../../src/base/errors.js';
import { monotonicUs } from './monotonic.js';
import { type MockOptions, MockServer } from './server.js';

export type MockMessage =
  | { readonly urls: readonly string[] }
  | { readonly error: string }
  /** The answer to any message: CPU time so far. */
  | { readonly cpuUs: number };

process.once('disconnect', () => process.exit());
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  tell({ cpuUs: user + system });
});
const options = JSON.parse(process.argv[2] ?? '[]') as MockOptions[];
const servers = options.map((each) => new MockServer(each, { clock: systemClock, stampUs: monotonicUs }));
try {
  await Promise.all(servers.map((server) => server.start()));
  tell({ urls: servers.map(({ url }) => url) });
} catch (thrown) {
  tell({ error: messageOf(thrown) });
}

function tell(message: MockMessage): void {
  process.send?.(message);
}
