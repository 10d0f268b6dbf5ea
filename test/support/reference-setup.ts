/** A user of the reference gateway: the file, the folder layout, and an engine in place of llama-server. */
import { appendFileSync, readFileSync } from 'node:fs';
import { findFreePort } from '../../src/engine/supervisor/port.js';
import { FakeUpstream, type FakeUpstreamOptions } from './fake-upstream.js';
import { RUN_JS } from './gollama-process.js';
import { makePlace, type Place } from './place.js';

const FILE = new URL('../fixtures/reference-gollama.yaml', import.meta.url);
const MODEL = 'Models/qwen2.5-7b-instruct-q4_k_m.gguf';

/** Values of single keys in place of the file's: `{ start_timeout: '1s' }`. */
export type Changes = Readonly<Record<string, string>>;

export interface ReferenceSetup {
  readonly place: Place;
  /** Also written as `./config.yaml`, where the reference looks. */
  readonly yaml: string;
}

/** `script`: what `./bin/llama-server` does, for `sh`. The engine's port 8080 becomes a free one. */
export async function referenceSetup(script: string, changes: Changes = {}): Promise<ReferenceSetup> {
  const place = makePlace();
  const port = await findFreePort();
  let yaml = readFileSync(FILE, 'utf8').replaceAll('8080', String(port));
  for (const [key, value] of Object.entries(changes)) {
    const changed = yaml.replace(new RegExp(`^( +${key}:).*$`, 'm'), `$1 ${value}`);
    if (changed === yaml) throw new Error(`the reference file has no other ${key}`);
    yaml = changed;
  }
  place.write('config.yaml', yaml);
  place.write('bin/llama-server', `#!/bin/sh\n${script}\n`, 0o755);
  place.write(`${place.home}/${MODEL}`, 'GGUF');
  return { place, yaml };
}

/** `gollama simulate` as the engine: it takes llama-server's command line. */
export function simulation(options = ''): string {
  return `exec "${process.execPath}" "${RUN_JS}" simulate --ttft-ms 1 --token-ms 1 --seed 1 ${options} "$@"`;
}

export interface Puppet extends ReferenceSetup {
  /** What the engine answers: the test does. */
  readonly upstream: FakeUpstream;
  /** The engine's process writes a line. */
  say(line: string): void;
}

/** An engine on strings: its process only says what the test has it say, and the test answers at its address. */
export async function puppet(
  changes: Changes = {},
  options: FakeUpstreamOptions & { readonly ignoresSignals?: boolean } = {},
): Promise<Puppet> {
  const upstream = await FakeUpstream.start(options);
  const deaf = options.ignoresSignals ? "trap '' TERM INT; " : '';
  const setup = await referenceSetup(`${deaf}exec tail -n +1 -f "$PWD/lines.txt"`, {
    base_url: upstream.url,
    ...changes,
  });
  const lines = setup.place.write('lines.txt', '');
  return { ...setup, upstream, say: (line) => appendFileSync(lines, `${line}\n`) };
}
