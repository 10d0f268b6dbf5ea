/** Runs the load client and reads what it found. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import * as z from 'zod';

export interface Load {
  readonly mode: 'whole' | 'stream' | 'slow' | 'hold';
  readonly connections: number;
  readonly model: string;
  readonly durationMs: number;
  readonly staggerMs: number;
}

/** Where the load goes: a gateway, or the engine itself. */
export interface Target {
  readonly port: number;
  /** Header lines such as `X-Key: value`. */
  readonly headers: readonly string[];
}

const series = z.object({ count: z.number(), p50: z.number(), p99: z.number() });

const reportSchema = z.object({
  requests: z.number(),
  chunks: z.number(),
  bytes: z.number(),
  wallUs: z.number(),
  /** Of the load client itself. */
  cpuUs: z.number(),
  latencyUs: series,
  /** From the request to the first chunk. */
  firstChunkUs: series,
  /** From the engine's send to the client's read, chunk by chunk. */
  delayUs: series,
  failed: z.object({
    /** Answers that are not 200. */
    status: z.number(),
    /** Connections that were closed before the answer was complete. */
    cut: z.number(),
    /** Streams with chunks too few or too many. */
    chunks: z.number(),
    /** Streams without `data: [DONE]` at the end. */
    ending: z.number(),
    /** Usage chunks that nobody asked for. */
    usage: z.number(),
    /** Requests that did not end in time. */
    stuck: z.number(),
  }),
});

export type LoadReport = z.output<typeof reportSchema>;

/** What has not ended by then is stuck. */
const LIMIT_MS = 30_000;
/** Beyond its own limit the load client itself is stuck. */
const PATIENCE_MS = 10_000;
const HOLD_READY_MS = 20_000;

export class LoadClient {
  readonly #program: string;

  constructor(program: string) {
    this.#program = program;
  }

  async run(target: Target, load: Load, signal: AbortSignal): Promise<LoadReport> {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS + PATIENCE_MS)]);
    const child = this.#start(target, load, LIMIT_MS, deadline);
    let output = '';
    for await (const part of child.stdout.setEncoding('utf8')) output += part;
    if (output === '') throw new Error('the load client ended without a report');
    return reportSchema.parse(JSON.parse(output));
  }

  /** Opens streams that stay open; resolves when each has its first chunk. False where they did not come in time. */
  async hold(target: Target, load: Load, signal: AbortSignal): Promise<{ ready: boolean; release(): Promise<void> }> {
    const child = this.#start(target, load, 10 * LIMIT_MS, signal);
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(HOLD_READY_MS)]);
    const exited = once(child, 'exit').catch(() => undefined);
    const told = once(child.stdout, 'data', { signal: deadline }).then(
      ([text]) => String(text).startsWith('ready'),
      () => false,
    );
    const release = async () => {
      child.kill('SIGKILL');
      await exited;
    };
    return { ready: await told, release };
  }

  #start({ port, headers }: Target, load: Load, limitMs: number, signal: AbortSignal) {
    const { mode, connections, model, durationMs, staggerMs } = load;
    const args = [port, mode, connections, model, durationMs, staggerMs, limitMs, ...headers].map(String);
    const child: ChildProcessByStdio<null, Readable, null> = spawn(this.#program, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      signal,
      killSignal: 'SIGKILL',
    });
    // An abort is told by the signal; whoever waits for the output sees its end.
    child.on('error', () => {});
    return child;
  }
}
