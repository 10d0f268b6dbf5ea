/**
 * The contract of an engine: something that answers requests for some models.
 *
 * An engine has one primitive, `forward`: bytes in, bytes out, unparsed. Everything that wants to understand an
 * answer decodes the bytes itself. `test/conformance/engine.ts` is this contract as tests.
 */
import type { GollamaError } from '../base/errors.js';
import type { Service } from '../base/service.js';

export const ENGINE_KINDS = ['llama-server', 'openai', 'ollama', 'simulated'] as const;
type EngineKind = (typeof ENGINE_KINDS)[number];

/**
 * - `stopped`: not started, or stopped on purpose
 * - `starting`: will be ready soon (process spawned, model loading, first probe under way)
 * - `ready`: answers requests
 * - `backoff`: died or went away; the next start is scheduled
 * - `crash-loop`: died again and again; no start is scheduled until somebody asks
 * - `unreachable`: a remote server that does not answer; it is probed until it does
 */
export type EngineState = 'stopped' | 'starting' | 'ready' | 'backoff' | 'crash-loop' | 'unreachable';

export interface EngineStatus {
  readonly state: EngineState;
  /** Model names this engine answers for. Empty: it was not told and could not find out. */
  readonly models: readonly string[];
  /** Requests that it works on at once; 0 until known. Never send more. */
  readonly slots: number;
  /** Tokens that fit into one slot, prompt and answer together; undefined until known, and where it does not tell. */
  readonly contextTokens: number | undefined;
  /** Starts after the first one. */
  readonly restarts: number;
  /** Why it is not ready, in one line; undefined when it is. */
  readonly problem: string | undefined;
}

export type HeaderFields = Record<string, string | string[]>;

/** One request for an engine. */
export interface EngineCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path with query, as the client sent it: `/v1/chat/completions?x=1`. */
  readonly path: string;
  /** End-to-end headers, names in lower case; no `host`, no `content-length`. */
  readonly headers: HeaderFields;
  readonly body: Buffer;
  /** True where the client asked for `stream: true`. */
  readonly stream: boolean;
}

export interface AnswerHead {
  readonly status: number;
  /** As the engine sent them, names in lower case; the relay strips hop-by-hop ones. */
  readonly headers: HeaderFields;
}

/** Lets a slow reader slow the engine down. */
export interface Flow {
  resume(): void;
}

/** Where an engine puts its answer: `head` once, then `chunk` any number of times. */
export interface AnswerSink {
  head(head: AnswerHead, flow: Flow): void;
  /** Returns false to ask for a pause; no chunk follows (but for what was already read) until `flow.resume()`. */
  chunk(bytes: Buffer): boolean;
  /**
   * An answer that has begun will not be completed. It is told at once, as `forward` itself waits until the engine has left
   * the call; not told where `signal` aborted.
   */
  failed?(error: GollamaError): void;
}

export interface Engine extends Service {
  readonly name: string;
  readonly kind: EngineKind;
  /** True where a streamed answer tells its token counts even if the request did not ask for them. */
  readonly countsUnasked: boolean;
  status(): EngineStatus;
  /** Calls `listener` after every change of `status()`. Returns the way to stop listening. */
  onChange(listener: () => void): () => void;
  /**
   * Sends `call`, hands the answer to `sink`, and settles only when the engine no longer works on it: the slot is free
   * again, also after an abort. Resolves when the answer is complete, whatever its HTTP status. Rejects with a
   * GollamaError:
   * - `engine_unavailable`: the call did not reach the engine; nothing was given to `sink`, another engine may try
   * - `engine_error`: the answer failed or was cut; before `head`, another engine may try
   * - `cancelled`: `signal` aborted and the engine is known to have stopped working on the call
   * and with a SlotStuckError where the engine could not be seen to stop.
   */
  forward(call: EngineCall, sink: AnswerSink, signal: AbortSignal): Promise<void>;
  /** Makes stuck slots free again by the engine's own means (restart, wait). Returns at once; `onChange` tells the rest. */
  recycle(reason: string): void;
}

/** After a cancelled call the engine went on working: its slot must not be used until the engine is recycled. */
export class SlotStuckError extends Error {
  override readonly name = 'SlotStuckError';
}
