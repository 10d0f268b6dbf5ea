/** A gateway under measurement: what is started, and how it is called. */
import { createServer } from 'node:net';
import { pause, systemClock } from '../../src/base/clock.js';
import { GollamaError } from '../../src/base/errors.js';
import type { Target } from './load.js';
import { MeasuredProcess } from './measured-process.js';

interface GatewayCommand {
  readonly command: string;
  readonly args: readonly string[];
}

export interface Gateway {
  readonly name: string;
  /** Header lines beside the key. */
  headers(upstreamPort: number): readonly string[];
  /** Writes what it needs into `folder`, which is its own and is deleted afterwards. */
  prepare(folder: string, ports: { readonly port: number; readonly upstreamPort: number }): Promise<GatewayCommand>;
}

export interface RunningGateway extends Target {
  readonly process: MeasuredProcess;
}

export const API_KEY = 'sk-relay-bench';
const KEY_HEADER = `Authorization: Bearer ${API_KEY}`;
const READY_MS = 20_000;
const READY_LOOK_MS = 50;

/** Starts a fresh process and waits until it answers a request. Throws GollamaError `unreachable` with its last words. */
export async function startGateway(
  gateway: Gateway,
  options: { folder: string; upstreamPort: number; env: Readonly<Record<string, string | undefined>> },
  signal: AbortSignal,
): Promise<RunningGateway> {
  const { folder, upstreamPort, env } = options;
  const port = await freePort();
  const { command, args } = await gateway.prepare(folder, { port, upstreamPort });
  const started = new MeasuredProcess(command, args, { cwd: folder, env, outputPath: `${folder}/output` });
  const headers = [KEY_HEADER, ...gateway.headers(upstreamPort)];
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(READY_MS)]);
  while (started.running && !deadline.aborted) {
    if (await answers(port, headers, deadline)) return { port, headers, process: started };
    await pause(systemClock, READY_LOOK_MS, deadline);
  }
  const words = started.lastOutput();
  await started.stop();
  throw new GollamaError('unreachable', `${gateway.name} did not come up: ${words || 'it said nothing'}`);
}

async function answers(port: number, headers: readonly string[], signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
      method: 'POST',
      headers: [['content-type', 'application/json'], ...headers.map(parseHeader)],
      body: JSON.stringify({ model: 'mock', messages: [{ role: 'user', content: 'hello' }] }),
      signal,
    });
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
}

function parseHeader(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

/** A port that nothing listens on now. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
