/**
 * Loaded into a gateway with NODE_OPTIONS=--import: at SIGUSR2 it tells what the process holds, as one line of its log.
 * Heap and external bytes are those that a garbage collection leaves.
 */
import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Engines of the gateway are not to be probed.
delete process.env.NODE_OPTIONS;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

process.on('SIGUSR2', () => {
  collectGarbage();
  const { rss, heapUsed, external } = process.memoryUsage();
  const handles = {};
  for (const name of process.getActiveResourcesInfo()) handles[name] = (handles[name] ?? 0) + 1;
  const fds = readdirSync('/proc/self/fd').length;
  const holdings = { rssBytes: rss, heapBytes: heapUsed, externalBytes: external, fds, handles };
  process.stderr.write(`${JSON.stringify({ level: 'info', msg: 'holdings', ...holdings })}\n`);
});
