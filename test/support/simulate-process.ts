/** `gollama simulate` as a process, quick by default. */
import { eventually } from './eventually.js';
import { GollamaProcess } from './gollama-process.js';

export interface SimulateProcess {
  readonly process: GollamaProcess;
  readonly url: string;
  readonly port: number;
}

/** Resolves when it answers. `atEnd` ends it. */
export async function startSimulate(args: readonly string[] = [], port = 0): Promise<SimulateProcess> {
  const quick = ['--ttft-ms', '2', '--token-ms', '1', '--seed', '7'];
  const process = GollamaProcess.start(['simulate', '--port', String(port), ...quick, ...args]);
  const url = await eventually('the simulation listens', () => {
    const line = process.words.find((word) => word.includes('listening on http'));
    return line?.match(/http:\S+/)?.[0];
  });
  return { process, url, port: Number(new URL(url).port) };
}
