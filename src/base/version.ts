import { readFileSync } from 'node:fs';

/** The version in the package.json of the package that this file is part of, compiled or not. */
export function packageVersion(): string {
  for (const up of ['../../', '../../../']) {
    try {
      const text = readFileSync(new URL(`${up}package.json`, import.meta.url), 'utf8');
      const { name, version } = JSON.parse(text) as { name?: string; version?: string };
      if (name === 'gollama' && version !== undefined) return version;
    } catch {
      // Not this level: sources lie one folder higher than what is compiled from them.
    }
  }
  return 'unknown';
}
