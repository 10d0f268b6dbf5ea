/** A terminal without a process: what is typed goes in, what is shown is seen on a screen, signals are recorded. */
import { EventEmitter } from 'node:events';
import { LineEditor } from '../../src/cli/terminal/line-editor.js';
import type { LineReaderOptions } from '../../src/cli/terminal/line-reader.js';
import { atEnd } from './ending.js';
import { ManualClock } from './manual-clock.js';
import { TerminalScreen } from './terminal-screen.js';

export class FakeTerminal {
  readonly screen: TerminalScreen;
  readonly clock = new ManualClock();
  readonly input = Object.assign(new EventEmitter(), {
    isTTY: true,
    isRaw: false,
    isReading: false,
    setRawMode: (isRaw: boolean) => {
      this.input.isRaw = isRaw;
    },
    resume: () => {
      this.input.isReading = true;
    },
    pause: () => {
      this.input.isReading = false;
    },
  });
  readonly output: EventEmitter & { columns: number; rows: number; write(text: string): void };
  /** Signals sent, such as `0 SIGTSTP`. */
  readonly sent: string[] = [];
  readonly process = Object.assign(new EventEmitter(), {
    pid: 42,
    kill: (pid: number, signal: string) => {
      this.sent.push(`${pid} ${signal}`);
      return true;
    },
  });
  written = '';

  constructor(columns = 40, rows = 10) {
    this.screen = new TerminalScreen(columns, rows);
    this.output = Object.assign(new EventEmitter(), {
      columns,
      rows,
      write: (text: string) => {
        this.written += text;
        this.screen.write(text);
      },
    });
  }

  options(options: Partial<LineReaderOptions> = {}): LineReaderOptions {
    const signals = this.process as unknown as LineReaderOptions['signals'];
    return { input: this.input, output: this.output, clock: this.clock, signals, ...options };
  }

  /** Started; it stops at the end of the test. */
  editor(options: Partial<LineReaderOptions> = {}): LineEditor {
    const editor = new LineEditor(this.options(options));
    atEnd(() => editor.stop());
    editor.start();
    return editor;
  }

  /** As one read. */
  type(text: string): void {
    this.input.emit('data', Buffer.from(text));
  }

  resize(columns: number, rows: number, how: 'reflow' | 'cut'): void {
    this.screen.resize(columns, rows, how);
    Object.assign(this.output, { columns, rows });
    this.output.emit('resize');
  }
}
