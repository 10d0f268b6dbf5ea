/**
 * Loaded into a gateway with NODE_OPTIONS=--import: at SIGUSR2 it tells what the process holds, as one line of its log.
 * Heap and external bytes are those that a garbage collection leaves.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Engines of the gateway are not to be probed.
delete process.env.NODE_OPTIONS;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

process.on('SIGUSR2', async () => {
  // The bytes of buffers that the first collection finds unused are given back after it.
  collectGarbage();
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  const { rss, heapUsed, external } = process.memoryUsage();
  const handles = {};
  for (const name of process.getActiveResourcesInfo()) handles[name] = (handles[name] ?? 0) + 1;
  const files = readdirSync('/proc/self/fd')
    .map(fileOf)
    .filter((file) => file !== undefined);
  const connected = tcpConnections();
  const others = files.filter((file) => !connected.has(file)).map((file) => file.replace(/:\[\d+\]$/, ''));
  const connections = files.length - others.length;
  const bytes = { rssBytes: rss, heapBytes: heapUsed, externalBytes: external };
  const holdings = { ...bytes, connections, files: others, handles };
  process.stderr.write(`${JSON.stringify({ level: 'info', msg: 'holdings', ...holdings })}\n`);
});

/** What is open there; the folder that is being read is gone by now. */
function fileOf(fd) {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}

/** The names of all TCP sockets that do not listen (field 4 of proc_net_tcp is not 0A); field 10 is their inode. */
function tcpConnections() {
  const lines = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/self/net/${table}`, 'utf8').split('\n').slice(1),
  );
  const fields = lines.map((line) => line.trim().split(/\s+/)).filter((line) => line.length > 9);
  return new Set(fields.filter((line) => line[3] !== '0A').map((line) => `socket:[${line[9]}]`));
}
