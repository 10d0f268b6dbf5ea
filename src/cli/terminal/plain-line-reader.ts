/**
 * Lines from a terminal that knows no cursor codes (`TERM=dumb`, such as a shell inside an editor): the terminal itself edits
 * them and shows what is typed, and nothing but text is written.
 */
import { readEntry } from './entry.js';
import type { LineReader, LineReaderOptions, LineResult, ReadOptions } from './line-reader.js';

/** Of what is typed while nothing is read; what is more is lost. */
const TYPED_AHEAD_LENGTH_MAX = 16 * 1024 * 1024;

interface Reading {
  /** The lines before, where the text goes on. */
  readonly begun: string | undefined;
  readonly options: ReadOptions;
  readonly settle: (result: LineResult) => void;
}

export class PlainLineReader implements LineReader {
  readonly #options: LineReaderOptions;
  #decoder = new TextDecoder();
  #ahead = '';
  #reading: Reading | undefined;
  #isStarted = false;
  #isLent = true;
  #hasEnded = false;
  #wasInterrupted = false;
  readonly #interruptListeners = new Set<() => void>();

  readonly #onData = (chunk: Buffer | string) => {
    const text = typeof chunk === 'string' ? chunk : this.#decoder.decode(chunk, { stream: true });
    this.#ahead += text.slice(0, TYPED_AHEAD_LENGTH_MAX - this.#ahead.length);
    this.#take();
  };
  readonly #onEnd = () => {
    this.#hasEnded = true;
    this.#take();
  };
  readonly #onSigint = () => this.#interrupt();

  constructor(options: LineReaderOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    const { input, signals } = this.#options;
    for (const event of ['end', 'close', 'error'] as const) input.on(event as 'end', this.#onEnd);
    signals.on('SIGINT', this.#onSigint);
    this.resume();
  }

  stop(): void {
    if (!this.#isStarted) return;
    this.#settle({ kind: 'end' });
    this.suspend();
    this.#isStarted = false;
    const { input, signals } = this.#options;
    for (const event of ['end', 'close', 'error'] as const) input.off(event, this.#onEnd);
    signals.off('SIGINT', this.#onSigint);
  }

  suspend(): void {
    if (this.#isLent) return;
    this.#isLent = true;
    this.#options.input.off('data', this.#onData);
    this.#options.input.pause();
  }

  resume(): void {
    if (!this.#isLent || !this.#isStarted) return;
    this.#isLent = false;
    this.#options.input.on('data', this.#onData);
    this.#options.input.resume();
  }

  onInterrupt(listener: () => void): () => void {
    this.#interruptListeners.add(listener);
    return () => void this.#interruptListeners.delete(listener);
  }

  /** Text that would stand there from the beginning cannot be edited: an empty line takes it. */
  read(prompt: string, options: ReadOptions = {}): Promise<LineResult> {
    if (this.#reading || this.#isLent) throw new Error('a line is read already, or the reader was not started');
    const { signal, prefill = '', isFresh = false } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (isFresh) this.#ahead = '';
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#reading = undefined;
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
      const settle = (result: LineResult) => {
        signal?.removeEventListener('abort', abort);
        resolve(result);
      };
      this.#options.output.write(prompt + prefill);
      this.#reading = { begun: undefined, options, settle };
      if (this.#wasInterrupted) this.#interrupt();
      this.#wasInterrupted = false;
      this.#take();
    });
  }

  tell(text: string): void {
    this.#options.output.write(text);
  }

  #take(): void {
    while (this.#reading) {
      const end = this.#ahead.indexOf('\n');
      if (end === -1) break;
      const line = this.#ahead.slice(0, end).replace(/\r$/, '');
      this.#ahead = this.#ahead.slice(end + 1);
      this.#takeLine(this.#reading, line);
    }
    if (!this.#hasEnded || !this.#reading) return;
    const last = this.#ahead;
    this.#ahead = '';
    this.#settle(last === '' ? { kind: 'end' } : { kind: 'line', text: last });
  }

  #takeLine(reading: Reading, line: string): void {
    const { begun, options } = reading;
    const typed = begun === undefined ? line || (options.prefill ?? '') : `${begun}\n${line}`;
    const entry = readEntry(typed);
    if (entry.kind === 'whole') {
      this.#settle({ kind: 'line', text: entry.text });
    } else {
      this.#reading = { ...reading, begun: entry.text };
      this.#options.output.write(options.continuation ?? '... ');
    }
  }

  #interrupt(): void {
    if (this.#isLent) return;
    const reading = this.#reading;
    if (reading) {
      this.#options.output.write('\n');
      this.#settle({ kind: 'interrupt', wasEmpty: reading.begun === undefined });
    } else if (this.#interruptListeners.size > 0) {
      for (const listener of [...this.#interruptListeners]) listener();
    } else {
      this.#wasInterrupted = true;
    }
  }

  #settle(result: LineResult): void {
    const reading = this.#reading;
    if (!reading) return;
    this.#reading = undefined;
    const text = result.kind === 'line' ? result.text : '';
    if ((reading.options.remember ?? true) && text.trim() !== '') this.#options.history?.add(text);
    reading.settle(result);
  }
}
