/**
 * The logger of a running server: readable lines on a terminal, JSON lines elsewhere, and JSON lines in a rotated file
 * where one is asked for. No worker threads: the last lines before a crash must not be lost with a worker.
 */
import pino from 'pino';
import pretty from 'pino-pretty';
import type { Clock } from './clock.js';
import { systemClock } from './clock.js';
import { LineBatch } from './line-batch.js';
import { type LogFile, openLogFile } from './log-file.js';
import type { Logger, LogLevel } from './logger.js';
import { withoutSecrets } from './redaction.js';

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly file: string | undefined;
  /** The file is rotated when it is larger; undefined: never. */
  readonly maxSizeMb: number | undefined;
  /** Rotated files older than this are deleted; undefined: never. */
  readonly maxAgeDays: number | undefined;
  readonly stderrIsTTY: boolean;
  readonly color: boolean;
}

export interface LoggerParts {
  readonly clock?: Clock;
  /** In place of the standard error stream. */
  readonly stderr?: NodeJS.WritableStream;
}

export interface OpenLogger {
  readonly logger: Logger;
  /** Idempotent. Resolves when every line is written. */
  close(): Promise<void>;
}

/** Throws GollamaError `configuration` when the log file cannot be opened. */
export function createLogger(options: LoggerOptions, parts: LoggerParts = {}): OpenLogger {
  const stderr = parts.stderr ?? process.stderr;
  const clock = parts.clock ?? systemClock;
  const file = options.file === undefined ? undefined : openLogFile({ ...options, path: options.file }, clock, stderr);
  const terminal = options.stderrIsTTY ? prettyStream(stderr, options.color) : undefined;
  const batch = new LineBatch([...(terminal ? [] : [stderr]), ...(file ? [file] : [])]);
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }), log: (fields) => withoutSecrets(fields) },
    },
    terminal ? together(terminal, batch) : batch,
  );
  return { logger, close: closer(batch, terminal, file) };
}

/** One line a message: time, level, message, fields. */
function prettyStream(destination: NodeJS.WritableStream, colorize: boolean): pretty.PrettyStream {
  return pretty({ destination, colorize, translateTime: 'SYS:HH:MM:ss', singleLine: true, sync: true });
}

/** Every stream takes what the logger lets pass; without a level of its own a stream would stop at `info`. */
function together(...streams: readonly pino.DestinationStream[]): pino.MultiStreamRes {
  return pino.multistream(streams.map((stream) => ({ level: 'trace' as const, stream })));
}

function closer(
  batch: LineBatch,
  terminal: pretty.PrettyStream | undefined,
  file: LogFile | undefined,
): () => Promise<void> {
  let closed: Promise<void> | undefined;
  const close = async () => {
    batch.close();
    if (terminal) await new Promise<void>((resolve) => terminal.end(resolve));
    await file?.close();
  };
  return () => {
    closed ??= close();
    return closed;
  };
}
