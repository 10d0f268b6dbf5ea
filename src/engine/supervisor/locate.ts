/** Finds the files that a start needs, and says what to do where one is missing. */
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { GollamaError } from '../../base/errors.js';

export interface LocateRequest {
  /** The configured executable: a path, or a bare name to look for on PATH. */
  readonly bin?: string | undefined;
  /** Value of `$GOLLAMA_LLAMA_SERVER`. */
  readonly llamaServerEnv?: string | undefined;
  /** Value of `$PATH`. */
  readonly searchPath?: string | undefined;
  readonly cwd: string;
}

const NAME = 'llama-server';
const LOCAL = `./bin/${NAME}`;
const INSTALL_HINT =
  'install llama.cpp (`brew install llama.cpp`, or a release from https://github.com/ggml-org/llama.cpp/releases), ' +
  "or name the file: gollama serve --llama-server PATH, gollama config set 'engines[0].bin' PATH; see: gollama doctor";

/**
 * The absolute path of the executable. What is named explicitly is never replaced by another find.
 * Throws GollamaError `configuration`.
 */
export function locateLlamaServer(request: LocateRequest): string {
  if (request.bin) return locateNamed(request.bin, 'engine bin', request);
  if (request.llamaServerEnv) return locateNamed(request.llamaServerEnv, '$GOLLAMA_LLAMA_SERVER', request);
  const found = findOnPath(NAME, request) ?? findExecutable(resolve(request.cwd, LOCAL));
  if (found) return found;
  throw new GollamaError('configuration', `${NAME} was not found; looked at ${looked(request)}`, {
    hint: INSTALL_HINT,
  });
}

/** Throws GollamaError `configuration` where `path` is no model file that can be read. */
export function checkModelFile(path: string, cwd: string): void {
  const full = resolve(cwd, path);
  const folder = statOf(full)?.isDirectory();
  if (!folder && isReadable(full)) return;
  const problem = folder ? 'is a folder, not a file' : statOf(full) ? 'cannot be read' : 'does not exist';
  const models = ggufFilesOf(folder ? full : dirname(full));
  throw new GollamaError('configuration', `the model file ${full} ${problem}`, {
    hint:
      models.length > 0
        ? `that folder has ${models.join(', ')}`
        : 'give the path of a .gguf file (model_path, or --model)',
  });
}

function locateNamed(named: string, origin: string, request: LocateRequest): string {
  if (!named.includes('/') && !named.includes(sep)) {
    const found = findOnPath(named, request);
    if (found) return found;
    throw new GollamaError('configuration', `${named} (${origin}) was not found; looked at ${searched(request)}`, {
      hint: INSTALL_HINT,
    });
  }
  const full = resolve(request.cwd, named);
  if (findExecutable(full)) return full;
  const stat = statOf(full);
  if (!stat) throw new GollamaError('configuration', `${full} (${origin}) does not exist`, { hint: INSTALL_HINT });
  if (stat.isDirectory()) {
    throw new GollamaError('configuration', `${full} (${origin}) is a folder, not an executable`, {
      hint: `try ${join(named, NAME)}`,
    });
  }
  throw new GollamaError('configuration', `${full} (${origin}) is not executable`, { hint: `chmod +x ${full}` });
}

function looked(request: LocateRequest): string {
  return `$GOLLAMA_LLAMA_SERVER (not set), ${searched(request)} and ${resolve(request.cwd, LOCAL)}`;
}

function searched(request: LocateRequest): string {
  return `PATH (${request.searchPath || 'empty'})`;
}

function findOnPath(name: string, request: LocateRequest): string | undefined {
  for (const folder of (request.searchPath ?? '').split(delimiter)) {
    // An entry that is empty or relative would run whatever lies in the folder that gollama was started in.
    if (!isAbsolute(folder)) continue;
    const found = findExecutable(join(folder, name));
    if (found) return found;
  }
  return undefined;
}

function findExecutable(path: string): string | undefined {
  if (!statOf(path)?.isFile()) return undefined;
  return isAllowed(path, constants.X_OK) ? path : undefined;
}

function isReadable(path: string): boolean {
  return isAllowed(path, constants.R_OK);
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function statOf(path: string) {
  return statSync(path, { throwIfNoEntry: false });
}

const SUGGESTIONS_MAX = 5;

function ggufFilesOf(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.toLowerCase().endsWith('.gguf'));
    return names
      .sort()
      .slice(0, SUGGESTIONS_MAX)
      .map((name) => basename(name));
  } catch {
    return [];
  }
}
