/** Answers byte by byte, for tests: each request gets the next one, and the last one again and again. */

export interface ScriptStep {
  /** After the step before. */
  readonly delayMs: number;
  readonly bytes: Buffer;
}

export interface ScriptedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly steps: readonly ScriptStep[];
  readonly ending: 'complete' | 'cut' | 'held';
}

/** At least one answer. */
export type Script = readonly ScriptedAnswer[];

export const EVENT_STREAM = { 'content-type': 'text/event-stream' } as const;
