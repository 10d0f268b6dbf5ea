/** A real llama-server and a model for it, where this machine can have them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface RealEngine {
  readonly bin: string;
  readonly model: string;
}

const SUPPORT = fileURLToPath(new URL('../support/', import.meta.url));
/** Unpacking the packages takes seconds; a slow archive may take minutes. */
const FETCH_TIMEOUT_MS = 170_000;

/** `$GOLLAMA_LLAMA_SERVER`, or Debian's own, unpacked into a cache folder. Undefined, with the reason told, where neither is. */
export function findRealEngine(): RealEngine | undefined {
  const bin = process.env.GOLLAMA_LLAMA_SERVER ?? debianLlamaServer();
  if (bin === undefined) return undefined;
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gollama-test');
  mkdirSync(folder, { recursive: true });
  const model = join(folder, 'tiny.gguf');
  if (!existsSync(model)) execFileSync(process.execPath, [join(SUPPORT, 'make-tiny-gguf.mjs'), model]);
  return { bin, model };
}

function debianLlamaServer(): string | undefined {
  const script = spawnSync('sh', [join(SUPPORT, 'real-llama-server.sh')], {
    encoding: 'utf8',
    timeout: FETCH_TIMEOUT_MS,
  });
  if (script.status === 0) return script.stdout.trim();
  process.stderr.write(`no real llama-server here, its tests are skipped:\n${script.stderr}\n`);
  return undefined;
}
