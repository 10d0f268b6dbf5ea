/** The promise of the logs: what a reader was given is there after the end of the process at any moment. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SqliteLogBook } from '../../../src/stream/sqlite/sqlite-log-book.js';
import { logBookIn, newLogFolder } from './log-folder.js';

const PROGRAM = fileURLToPath(new URL('killed-log-process.ts', import.meta.url));
const ROUNDS = 5;
const DELIVERED_MAX = 4_000;

describe('a process that is killed while it writes logs', () => {
  let folder: string;
  let remove: () => void;
  const ending = new AbortController();

  beforeEach(() => {
    ({ folder, remove } = newLogFolder());
  });
  afterEach(() => {
    ending.abort();
    remove();
  });

  /** Runs it until so many records were delivered, and kills it. Returns what was delivered, by log. */
  async function runAndKill(round: number, lines: number): Promise<Map<string, number[]>> {
    const path = join(folder, '..', `delivered-${round}`);
    writeFileSync(path, '');
    const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, folder, path, String(round)], {
      stdio: ['pipe', 'ignore', 'inherit'],
      signal: ending.signal,
      killSignal: 'SIGKILL',
    });
    child.on('error', () => {});
    const ended = once(child, 'exit');
    const watcher = watch(path);
    const enough = new Promise<void>((resolve) => {
      watcher.on('change', () => {
        if (linesOf(path).length >= lines) resolve();
      });
    });
    const isKilled = await Promise.race([enough.then(() => true), ended.then(() => false)]);
    watcher.close();
    expect(isKilled, 'it ended by itself').toBe(true);
    child.kill('SIGKILL');
    await ended;
    const delivered = new Map<string, number[]>();
    for (const [id, sequence] of linesOf(path)) delivered.set(id, [...(delivered.get(id) ?? []), sequence]);
    return delivered;
  }

  /** Without the last one, where it was cut off. */
  function linesOf(path: string): [id: string, sequence: number][] {
    return readFileSync(path, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        const [id = '', sequence] = line.split(' ');
        return [id, Number(sequence)];
      });
  }

  async function expectKept(book: SqliteLogBook, delivered: ReadonlyMap<string, number[]>, said: string) {
    for (const [id, sequences] of delivered) {
      const last = sequences.at(-1) ?? 0;
      expect(sequences, said).toEqual(Array.from({ length: last }, (_, at) => at + 1));
      expect(book.last(id), `${id}, ${said}`).toBeGreaterThanOrEqual(last);
      const entries = (await book.read(id, 0, last)) ?? [];
      expect(entries, `${id}, ${said}`).toHaveLength(last);
      for (const { sequence, record } of entries) {
        if (record.kind === 'text') expect(record.text, said).toBe(`${id}:${sequence} `);
        else expect(record.kind).toBe('done');
      }
    }
  }

  it('has lost nothing that a reader was given', { timeout: 300_000 }, async () => {
    const seed = Number(process.env.GOLLAMA_SEED ?? Date.now() % 100_000);
    const before = new Map<string, number[]>();
    let epoch: string | undefined;
    for (let round = 0; round < ROUNDS; round += 1) {
      const said = `seed ${seed}, round ${round}`;
      const lines = 1 + ((seed * 7_919 + round * 104_729) % DELIVERED_MAX);
      for (const [id, sequences] of await runAndKill(round, lines)) before.set(id, sequences);
      const book = logBookIn(folder);
      await book.start();
      epoch ??= book.epoch;
      expect(book.epoch, said).toBe(epoch);
      await expectKept(book, before, said);
      for (const id of book.found) {
        book.append(id, { kind: 'restart', attempt: 1 });
        book.append(id, { kind: 'done', status: 'completed', usage: undefined });
      }
      await book.stop();
      for (const id of before.keys()) if (id.startsWith(`${round - 3}-`)) before.delete(id);
    }
  });
});
