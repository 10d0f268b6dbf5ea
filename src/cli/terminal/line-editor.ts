/**
 * Lines that a person types at a terminal. It has the terminal from `start` to `stop`: also while nothing is read, so that what
 * is typed into a streaming answer is not printed among it but waits for the next line, and Ctrl+C is a key.
 *
 * Not on node:readline: there a paste takes time that grows with its square, text has one line only, and the rows of the
 * screen are counted for the width that the window had before.
 */
import type { Timer } from '../../base/clock.js';
import type { Completer, Completion } from './completion.js';
import { KeyFilter, type TerminalInput } from './key-filter.js';
import type { LineReader, LineReaderOptions, LineResult, ReadOptions } from './line-reader.js';
import { change, erase, leave, type Picture } from './picture.js';
import { TerminalMode } from './terminal-mode.js';
import { type LineEffect, TypedLine } from './typed-line.js';

/** A sequence comes in one piece; whoever presses Escape alone does not see that it takes so long. */
const ESCAPE_PATIENCE_MS = 60;
/** A process that could not be stopped goes on by itself. */
const STOP_PATIENCE_MS = 100;
/** Of what is typed while nothing is read; what is more is lost, with a bell. */
const TYPED_AHEAD_LENGTH_MAX = 16 * 1024 * 1024;
const BELL = '\x07';
const CLEAR_SCREEN = '\x1b[H\x1b[2J';
const INTERRUPT: TerminalInput = { kind: 'key', name: 'ctrl+c' };

interface Reading {
  readonly line: TypedLine;
  readonly prompt: string;
  readonly continuation: string;
  readonly completer: Completer | undefined;
  readonly remember: boolean;
  readonly settle: (result: LineResult) => void;
}

export class LineEditor implements LineReader {
  readonly #options: LineReaderOptions;
  readonly #mode: TerminalMode;
  #filter = new KeyFilter();
  #decoder = new TextDecoder();
  #escape: Timer | undefined;
  #reading: Reading | undefined;
  #shown: Picture | undefined;
  #ahead: TerminalInput[] = [];
  #aheadLength = 0;
  #isStarted = false;
  /** To another program. */
  #isLent = true;
  #hasEnded = false;
  #stopped: Timer | undefined;
  readonly #interruptListeners = new Set<() => void>();

  readonly #onData = (chunk: Buffer | string) => this.#receive(chunk);
  readonly #onEnd = () => this.#end();
  readonly #onResize = () => this.#redraw();
  /** Whoever has the terminal has the key too. */
  readonly #onSigint = () => {
    if (!this.#isLent) this.#take([INTERRUPT]);
  };
  readonly #onSigcont = () => this.#goOn();

  constructor(options: LineReaderOptions) {
    this.#options = options;
    this.#mode = new TerminalMode(options.input, options.output, options.signals);
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    const { input, output, signals } = this.#options;
    for (const event of ['end', 'close', 'error'] as const) input.on(event as 'end', this.#onEnd);
    output.on('error', this.#onEnd);
    output.on('resize', this.#onResize);
    signals.on('SIGINT', this.#onSigint);
    signals.on('SIGCONT', this.#onSigcont);
    this.resume();
  }

  stop(): void {
    if (!this.#isStarted) return;
    this.#finish({ kind: 'end' });
    this.suspend();
    this.#isStarted = false;
    const { input, output, signals } = this.#options;
    for (const event of ['end', 'close', 'error'] as const) input.off(event, this.#onEnd);
    output.off('error', this.#onEnd);
    output.off('resize', this.#onResize);
    signals.off('SIGINT', this.#onSigint);
    signals.off('SIGCONT', this.#onSigcont);
  }

  suspend(): void {
    if (this.#isLent) return;
    this.#isLent = true;
    this.#stopped?.cancel();
    this.#stopped = undefined;
    this.#take(this.#flush());
    this.#options.input.off('data', this.#onData);
    this.#options.input.pause();
    this.#mode.leave();
  }

  resume(): void {
    if (!this.#isLent || !this.#isStarted) return;
    this.#isLent = false;
    this.#mode.enter();
    this.#options.input.on('data', this.#onData);
    this.#options.input.resume();
  }

  onInterrupt(listener: () => void): () => void {
    this.#interruptListeners.add(listener);
    return () => void this.#interruptListeners.delete(listener);
  }

  read(prompt: string, options: ReadOptions = {}): Promise<LineResult> {
    if (this.#reading || this.#isLent) throw new Error('a line is read already, or the editor was not started');
    const { signal, prefill, continuation = '… ', completer, remember = true, isFresh = false } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#close('');
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
      const settle = (result: LineResult) => {
        signal?.removeEventListener('abort', abort);
        resolve(result);
      };
      const line = new TypedLine(this.#options.history?.entries() ?? [], prefill);
      this.#reading = { line, prompt, continuation, completer, remember, settle };
      const ahead = isFresh ? [] : this.#ahead;
      this.#ahead = [];
      this.#aheadLength = 0;
      this.#take(ahead);
      this.#draw();
      if (this.#hasEnded) this.#finish({ kind: 'end' });
    });
  }

  tell(text: string): void {
    const { output } = this.#options;
    if (this.#shown) output.write(erase(this.#shown));
    this.#shown = undefined;
    output.write(text.replace(/\r?\n/g, '\r\n'));
    this.#draw();
  }

  #receive(chunk: Buffer | string): void {
    this.#escape?.cancel();
    this.#escape = undefined;
    const text = typeof chunk === 'string' ? chunk : this.#decoder.decode(chunk, { stream: true });
    this.#take(this.#filter.feed(text));
    if (this.#filter.isWaiting) {
      this.#escape = this.#options.clock.after(ESCAPE_PATIENCE_MS, () => this.#take(this.#filter.flush()));
    }
  }

  #flush(): TerminalInput[] {
    this.#escape?.cancel();
    this.#escape = undefined;
    return this.#filter.flush();
  }

  /** Draws once for all: a read may bring a thousand keys. */
  #take(inputs: readonly TerminalInput[]): void {
    for (const input of inputs) {
      const reading = this.#reading;
      if (reading) this.#carryOut(reading, reading.line.press(input));
      else this.#takeAhead(input);
    }
    if (inputs.length > 0) this.#draw();
  }

  #takeAhead(input: TerminalInput): void {
    const name = input.kind === 'key' ? input.name : undefined;
    if (name === 'ctrl+c' && this.#interruptListeners.size > 0) {
      for (const listener of [...this.#interruptListeners]) listener();
      return;
    }
    if (name === 'ctrl+z') {
      this.#stopProcess();
      return;
    }
    this.#aheadLength += input.kind === 'key' ? 1 : input.text.length;
    if (this.#aheadLength > TYPED_AHEAD_LENGTH_MAX) this.#options.output.write(BELL);
    else this.#ahead.push(input);
  }

  #carryOut(reading: Reading, effect: LineEffect): void {
    switch (effect.kind) {
      case 'none':
        return;
      case 'complete':
        this.#complete(reading);
        return;
      case 'suspend':
        this.#stopProcess();
        return;
      case 'clear-screen':
        this.#options.output.write(CLEAR_SCREEN);
        this.#shown = undefined;
        return;
      default:
        this.#finish(effect);
    }
  }

  #complete(reading: Reading): void {
    const { line, completer } = reading;
    if (!completer) return;
    const { text, cursor } = line;
    const offered = completer(text, cursor);
    const put = (completion: Completion) => {
      const isStill = this.#reading === reading && line.text === text && line.cursor === cursor;
      if (isStill) line.complete(completion);
    };
    if (!(offered instanceof Promise)) {
      put(offered);
      return;
    }
    const done = (completion: Completion) => {
      put(completion);
      this.#draw();
    };
    offered.then(done, () => this.#options.output.write(BELL));
  }

  #finish(result: LineResult): void {
    const reading = this.#reading;
    if (!reading) return;
    this.#close(result.kind === 'interrupt' ? '^C' : '');
    const text = result.kind === 'line' ? result.text : '';
    if (reading.remember && text.trim() !== '') this.#options.history?.add(text);
    reading.settle(result);
  }

  /** Leaves the line as it is on the screen. */
  #close(mark: string): void {
    this.#reading?.line.close();
    this.#draw();
    this.#reading = undefined;
    this.#shown = undefined;
    this.#options.output.write(`${mark}\r\n`);
  }

  #draw(): void {
    const reading = this.#reading;
    if (!reading || !this.#mode.isOn) return;
    const { output, dim = (text: string) => text } = this.#options;
    const look = { columns: output.columns || 80, screenRows: output.rows || 24, dim };
    const next = reading.line.draw({ ...look, prompt: reading.prompt, continuation: reading.continuation });
    const written = change(this.#shown, next);
    this.#shown = next;
    if (written !== '') output.write(written);
  }

  /** The window has another size. Terminals differ in what becomes of rows that are too long now: never go up further than is sure. */
  #redraw(): void {
    if (!this.#shown) return;
    this.#options.output.write(erase(this.#shown));
    this.#shown = undefined;
    this.#draw();
  }

  /** Ctrl+Z: stops the whole group of processes, as the terminal itself would. */
  #stopProcess(): void {
    const { clock, output, signals } = this.#options;
    if (this.#stopped) return;
    this.#draw();
    output.write(this.#shown ? leave(this.#shown) : '\r\n');
    this.#shown = undefined;
    this.#mode.leave();
    // A process that was stopped wakes with the timer due, and only behind it is the signal told: once more is looked.
    this.#stopped = clock.after(STOP_PATIENCE_MS, () => {
      this.#stopped = clock.after(STOP_PATIENCE_MS, () => this.#goOn());
    });
    signals.kill(0, 'SIGTSTP');
  }

  #goOn(): void {
    this.#stopped?.cancel();
    this.#stopped = undefined;
    if (!this.#isStarted || this.#isLent) return;
    if (this.#mode.isOn) this.#mode.renew();
    else this.#mode.enter();
    this.#shown = undefined;
    this.#draw();
    this.#options.onContinued?.();
  }

  #end(): void {
    this.#hasEnded = true;
    this.#finish({ kind: 'end' });
  }
}
