/** A folder of its own for one test, with a home, a working folder and a data folder: nothing of the machine's user is seen. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { atEnd } from './ending.js';

export interface Place {
  readonly home: string;
  readonly cwd: string;
  readonly dataDir: string;
  /** Writes a file, relative to `cwd`, with the folders it needs; its absolute path. */
  write(path: string, text: string, mode?: number): string;
}

export function makePlace(): Place {
  const root = mkdtempSync(join(tmpdir(), 'gollama-e2e-'));
  atEnd(() => rmSync(root, { recursive: true, force: true }));
  const [home, cwd, dataDir] = [join(root, 'home'), join(root, 'work'), join(root, 'data')];
  for (const folder of [home, cwd, dataDir]) mkdirSync(folder);
  return {
    home,
    cwd,
    dataDir,
    write(path, text, mode = 0o644) {
      const full = resolve(cwd, path);
      mkdirSync(dirname(full), { recursive: true });
      writeFileSync(full, text, { mode });
      return full;
    },
  };
}
