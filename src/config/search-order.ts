/** Where a configuration file is looked for when none is named, first match wins. */
import { join } from 'node:path';
import type { Surroundings } from './resolve.js';

const EXTENSIONS = ['yaml', 'yml', 'json'];

/** Absolute paths. The last ones are where the reference task queue has its file. */
export function searchOrder({ env, cwd, home }: Surroundings): string[] {
  const configured = env.XDG_CONFIG_HOME;
  const folder = configured?.startsWith('/') ? configured : join(home, '.config');
  const older = [join(home, '.ollama-queue'), '/etc/ollama-queue'];
  return [
    join(cwd, 'gollama.yaml'),
    join(cwd, 'config.yaml'),
    join(folder, 'gollama', 'gollama.yaml'),
    ...older.flatMap((place) => EXTENSIONS.map((extension) => join(place, `config.${extension}`))),
  ];
}
