/** What a log of an answer is made of. */
export type LogRecord =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'reasoning'; readonly text: string }
  /** A piece of a tool call, as OpenAI streams it (`choices[0].delta.tool_calls[0]`). */
  | { readonly kind: 'tool_call'; readonly call: unknown }
  | { readonly kind: 'state'; readonly status: string }
  /** A new attempt begins: what was told before does not count. It may follow an end, where the task is tried again by hand. */
  | { readonly kind: 'restart'; readonly attempt: number }
  /** The last record of an answer that was completed or cancelled. */
  | { readonly kind: 'done'; readonly status: string; readonly usage: Usage | undefined }
  /** The last record of an answer that failed. */
  | { readonly kind: 'error'; readonly message: string; readonly code: string };

/** In tokens. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

/** A record with its place: 1, 2, 3 … without a gap. */
export interface LogEntry {
  readonly sequence: number;
  readonly record: LogRecord;
}

/** How a reader sees entries; the very same array where there is nothing to change. */
export type LogView = (entries: readonly LogEntry[]) => readonly LogEntry[];

/** True for the last record of a log. */
export function isTerminal(record: LogRecord): boolean {
  return record.kind === 'done' || record.kind === 'error';
}
