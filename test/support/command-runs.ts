/** Runs of compiled commands in one process, on pipes, in a home of their own. See `command-runner.mjs`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { atEnd } from './ending.js';
import { ROOT } from './gollama-process.js';
import type { Place } from './place.js';

export interface CommandRun {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface CommandOutcome {
  readonly name: string;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What no command may throw. */
  readonly leaked?: string;
}

/** Longer than all of them take. */
const PATIENCE_MS = 60_000;

/** Rejects where something got past the commands' own streams, and where one of them does not end. */
export async function runCommands(
  runs: readonly CommandRun[],
  place: Place,
  env: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, CommandOutcome>> {
  const results = join(place.cwd, 'results.jsonl');
  const child = spawn(
    process.execPath,
    [`${ROOT}test/support/command-runner.mjs`, ROOT, place.write('runs.json', JSON.stringify(runs)), results],
    { cwd: place.cwd, env: { PATH: process.env.PATH, HOME: place.home, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  atEnd(() => child.kill('SIGKILL'));
  const impatience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  let escaped = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      escaped += text;
    });
  }
  const [code] = await once(child, 'close');
  clearTimeout(impatience);
  const lines = existsSync(results) ? readFileSync(results, 'utf8').trimEnd().split('\n') : [];
  const records = lines.map((line) => JSON.parse(line) as CommandOutcome & { begun?: string });
  const outcomes = new Map(
    records.filter(({ begun }) => begun === undefined).map((outcome) => [outcome.name, outcome]),
  );
  if (outcomes.size === runs.length && code === 0 && escaped === '') return outcomes;
  const last = records.at(-1)?.begun ?? 'the last one';
  throw new Error(`commands ended with ${code} at: ${last}; past their streams went: ${JSON.stringify(escaped)}`);
}
