/** gollama as its users run it: keys, queue, accounting, metrics and a JSON log file are all switched on. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { API_KEY, type Gateway } from './gateway.js';

export interface GollamaOptions {
  readonly name: string;
  /** `bin/run.js` of a built checkout. */
  readonly entry: string;
  /** Model names that will be asked for. */
  readonly models: readonly string[];
  /** Where V8 writes a CPU profile of each process; undefined: none. */
  readonly profileFolder: string | undefined;
}

/** Enough for every test: what is measured is the relay, not the wait. */
const SLOTS = 4_096;

export function gollama(options: GollamaOptions): Gateway {
  return {
    name: options.name,
    headers: () => [],
    async prepare(folder, { port, upstreamPort }) {
      const config = join(folder, 'gollama.yaml');
      // JSON is YAML.
      await writeFile(config, JSON.stringify(configuration(options, folder, port, upstreamPort), null, 2));
      const profile = options.profileFolder ? ['--cpu-prof', `--cpu-prof-dir=${options.profileFolder}`] : [];
      return { command: process.execPath, args: [...profile, options.entry, 'serve', '-c', config] };
    },
  };
}

function configuration({ models }: GollamaOptions, folder: string, port: number, upstreamPort: number): object {
  return {
    server: { addr: `127.0.0.1:${port}`, api_keys: [{ key: API_KEY, name: 'bench' }] },
    engines: [{ name: 'mock', kind: 'openai', base_url: `http://127.0.0.1:${upstreamPort}`, slots: SLOTS, models }],
    logger: { level: 'info', file: join(folder, 'gollama.log') },
    data_dir: join(folder, 'data'),
  };
}
