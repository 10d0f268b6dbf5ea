/** A log file that is rotated by size, and whose rotated files are deleted by age. */
import { closeSync, mkdirSync, openSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import type { Clock, Timer } from './clock.js';
import { GollamaError, messageOf } from './errors.js';

export interface LogFileOptions {
  readonly path: string;
  readonly maxSizeMb: number | undefined;
  readonly maxAgeDays: number | undefined;
}

export interface LogFile {
  write(text: string | Buffer): void;
  /** Idempotent. Resolves when every line is written. */
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;

/** What may wait for a slow disk; lines beyond it are dropped and counted. */
const WAITING_BYTES_MAX = 16 * 2 ** 20;

/** Throws GollamaError `configuration`. What goes wrong later is said on `stderr`, and logging goes on there. */
export function openLogFile(options: LogFileOptions, clock: Clock, stderr: NodeJS.WritableStream): LogFile {
  const path = resolve(options.path);
  assertWritable(path);
  const stream = createStream((time, index) => rotatedName(path, time, index), {
    path: dirname(path),
    ...(options.maxSizeMb === undefined ? {} : { size: `${Math.max(1, Math.round(options.maxSizeMb * 1024))}K` }),
  });
  const file = new RotatedFile(stream, path, stderr);
  if (options.maxAgeDays !== undefined) file.deleteOlderThan(options.maxAgeDays * DAY_MS, clock);
  return file;
}

class RotatedFile implements LogFile {
  readonly #stream: RotatingFileStream;
  readonly #path: string;
  readonly #stderr: NodeJS.WritableStream;
  #dropped = 0;
  #sweep: Timer | undefined;
  #closed: Promise<void> | undefined;

  constructor(stream: RotatingFileStream, path: string, stderr: NodeJS.WritableStream) {
    this.#stream = stream;
    this.#path = path;
    this.#stderr = stderr;
    stream.on('error', (error) => this.#complain(error));
    stream.on('warning', (error) => this.#complain(error));
  }

  write(text: string | Buffer): void {
    if (this.#closed || this.#stream.destroyed) return;
    if (this.#stream.writableLength + text.length > WAITING_BYTES_MAX) {
      this.#dropped += 1;
      return;
    }
    if (this.#dropped > 0)
      this.#stream.write(`${JSON.stringify({ level: 'warn', msg: `${this.#dropped} lines dropped` })}\n`);
    this.#dropped = 0;
    this.#stream.write(text);
  }

  /** Now, after every rotation, and once a day. */
  deleteOlderThan(ageMs: number, clock: Clock): void {
    const sweep = () => deleteRotated(this.#path, clock.epoch() - ageMs);
    const again = () => {
      sweep();
      this.#sweep = clock.after(DAY_MS, again);
    };
    this.#stream.on('rotated', sweep);
    again();
  }

  close(): Promise<void> {
    this.#sweep?.cancel();
    this.#closed ??= new Promise((resolve) => {
      if (this.#stream.destroyed) return resolve();
      this.#stream.once('error', () => resolve());
      this.#stream.end(() => resolve());
    });
    return this.#closed;
  }

  #complain(error: Error): void {
    const msg = `log file ${this.#path}: ${error.message}`;
    this.#stderr.write(`${JSON.stringify({ level: 'error', msg })}\n`);
  }
}

/** `server.log` now, `server.log.20260131-235959.1` after its rotation. */
function rotatedName(path: string, time: number | Date | null, index: number | undefined): string {
  const name = basename(path);
  if (time === null) return name;
  const stamp = new Date(time).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${name}.${stamp}.${index ?? 1}`;
}

function deleteRotated(path: string, beforeMs: number): void {
  const prefix = `${basename(path)}.`;
  for (const name of namesIn(dirname(path))) {
    if (!name.startsWith(prefix) || !/^\d{8}-\d{6}\.\d+$/.test(name.slice(prefix.length))) continue;
    const rotated = join(dirname(path), name);
    try {
      if (statSync(rotated).mtimeMs < beforeMs) unlinkSync(rotated);
    } catch {
      // Somebody else deleted it, or forbids it: the next sweep sees it again.
    }
  }
}

/** None where the folder is gone: that is no reason to end the server. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function assertWritable(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    closeSync(openSync(path, 'a'));
  } catch (thrown) {
    throw new GollamaError('configuration', `cannot open the log file ${path}: ${messageOf(thrown)}`, {
      hint: 'set logger.file to a file that this user may write',
      cause: thrown,
    });
  }
}
