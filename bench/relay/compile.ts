/** Builds the two C programs: in Node they would cost as much as what is measured. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GollamaError, messageOf } from '../../src/base/errors.js';

export interface Programs {
  readonly mockEngine: string;
  readonly loadClient: string;
}

const COMPILE_TIMEOUT_MS = 60_000;

/** Throws GollamaError `configuration` where there is no C compiler, or it fails. */
export async function compilePrograms(sourceFolder: string, folder: string): Promise<Programs> {
  await mkdir(folder, { recursive: true });
  const [mockEngine, loadClient] = await Promise.all(
    ['mock-engine', 'load-client'].map((name) => compile(join(sourceFolder, `${name}.c`), join(folder, name))),
  );
  if (mockEngine === undefined || loadClient === undefined) throw new Error('two programs were compiled');
  return { mockEngine, loadClient };
}

async function compile(source: string, program: string): Promise<string> {
  try {
    await promisify(execFile)('cc', ['-O2', '-o', program, source], { timeout: COMPILE_TIMEOUT_MS });
    return program;
  } catch (thrown) {
    const missing = (thrown as { code?: unknown }).code === 'ENOENT';
    throw new GollamaError('configuration', missing ? 'there is no C compiler (cc)' : messageOf(thrown), {
      hint: 'the load client and the mock engine are C for Linux with glibc 2.35 or newer: apt install gcc libc6-dev',
      cause: thrown,
    });
  }
}
