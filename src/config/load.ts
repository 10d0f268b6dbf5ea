/**
 * Finds and reads the configuration. The order of sources: flags, environment, file, defaults. A user's file is only
 * read, never written. What parses is imported on demand, so that a command may import this file for nothing.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { relative, resolve } from 'node:path';
import { GollamaError, messageOf } from '../base/errors.js';
import type { ServeFlags } from './flags.js';
import { expandHome } from './home-path.js';
import type { ParsedConfig } from './parse.js';
import type { Surroundings } from './resolve.js';
import { isSomebodyElses, searchOrder } from './search-order.js';

export type { Surroundings } from './resolve.js';

export interface LoadedConfig extends ParsedConfig {
  /** Absolute; undefined: there is no file, everything else holds its default. */
  readonly path: string | undefined;
}

export interface LoadOptions extends Surroundings {
  /** The file that the user named. */
  readonly path?: string | undefined;
  readonly flags?: ServeFlags | undefined;
}

/** The real process: the only place that reads its environment. */
export function realSurroundings(): Surroundings {
  return { env: process.env, cwd: process.cwd(), home: homedir() };
}

/** Throws GollamaError `configuration`: the message lists every problem, one a line, with its place. */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const path = await findConfigFile(options);
  const { parseConfig } = await import('./parse.js');
  const parsed = await parseConfig({
    env: options.env,
    cwd: options.cwd,
    home: options.home,
    flags: options.flags ?? {},
    file: path && { name: shortName(path.path, options.cwd), text: path.text },
    readText: (name) => readFile(name, 'utf8'),
  });
  return { ...parsed, path: path?.path };
}

export interface FoundFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

/**
 * The named file, which must exist, or the first that exists of the places where one is looked for. Throws GollamaError
 * `configuration`.
 */
export async function findConfigFile({ path, env, cwd, home }: LoadOptions): Promise<FoundFile | undefined> {
  const named = path || env.GOLLAMA_CONFIG;
  if (named) {
    const file = resolve(cwd, expandHome(named, home));
    const found = await read(file, shortName(file, cwd));
    if (found) return found;
    throw new GollamaError('configuration', `configuration file ${shortName(file, cwd)} does not exist`, {
      hint: path ? 'name another file with --config' : 'set $GOLLAMA_CONFIG to another file, or unset it',
    });
  }
  for (const candidate of searchOrder({ env, cwd, home })) {
    const found = await read(candidate, shortName(candidate, cwd));
    if (found && !isSomebodyElses(candidate, found.text, { env, cwd, home })) return found;
  }
  return undefined;
}

async function read(path: string, name: string): Promise<FoundFile | undefined> {
  try {
    return { path, text: await readFile(path, 'utf8') };
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw new GollamaError('configuration', `cannot read the configuration file ${name}: ${messageOf(thrown)}`, {
      hint: 'make it readable, or name another file with --config',
      cause: thrown,
    });
  }
}

function isMissing(thrown: unknown): boolean {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Relative to the current folder where it lies below it. */
export function shortName(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short === '' || short.startsWith('..') ? path : short;
}
