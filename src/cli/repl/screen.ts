/** What a chat is written to: answers and lists to one stream, notes about them to the other. */
import type { Clock, Timer } from '../../base/clock.js';
import { GollamaError, messageOf } from '../../base/errors.js';
import { printable, printableLines } from '../../base/printable.js';
import type { AnswerView } from '../markdown/answer-view.js';
import { plain, wrapSpans } from '../markdown/span.js';
import type { Progress } from '../progress.js';
import { cutDisplay } from '../terminal/display-width.js';
import { type Environment, type Style, styleOf } from '../terminal/style.js';

export interface ScreenStream {
  readonly isTTY?: boolean | undefined;
  /** Undefined or 0: the terminal does not tell. */
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

export interface ScreenOptions {
  readonly out: ScreenStream;
  readonly err: ScreenStream;
  readonly env: Environment;
  readonly clock: Clock;
}

/** Makes the views of answers; see `Screen.answers`. */
export type NewAnswerView = (options: {
  readonly renders: boolean;
  /** Default: the answer itself. */
  readonly of?: 'reasoning';
}) => AnswerView;

/** What is quicker needs no word. */
const QUIET_MS = 300;
const COLUMNS = 80;
/** Before the text of a line that moves, and behind it. */
const SPINNER_COLUMNS = 4;

export class Screen {
  readonly out: ScreenStream;
  readonly err: ScreenStream;
  /** Of notes. */
  readonly noteStyle: Style;
  readonly style: Style;
  readonly #env: Environment;
  readonly #clock: Clock;
  #answers: Promise<NewAnswerView> | undefined;

  constructor({ out, err, env, clock }: ScreenOptions) {
    this.out = out;
    this.err = err;
    this.style = styleOf(out, env);
    this.noteStyle = styleOf(err, env);
    this.#env = env;
    this.#clock = clock;
  }

  get columns(): number {
    return this.out.columns || COLUMNS;
  }

  /** A person looks at the answers. */
  get isWatched(): boolean {
    return this.out.isTTY === true;
  }

  /** One line or several about what goes on; nothing in it can steer the terminal. */
  note(text: string): void {
    this.#tell('· ', text, this.noteStyle.dim);
  }

  /** What failed, and what to do. */
  problem(thrown: unknown): void {
    this.#tell('error: ', messageOf(thrown), this.noteStyle.red);
    const hint = thrown instanceof GollamaError ? thrown.hint : undefined;
    if (hint !== undefined) this.#tell('  hint: ', hint, this.noteStyle.dim);
  }

  #tell(mark: string, text: string, look: (text: string) => string): void {
    const width = this.err.isTTY === true ? (this.err.columns || COLUMNS) - mark.length : Number.POSITIVE_INFINITY;
    const rows = wrapSpans([plain(printableLines(text))], width).map((row) => row.map((span) => span.text).join(''));
    const margin = ' '.repeat(mark.length);
    this.err.write(rows.map((row, at) => `${look((at === 0 ? mark : margin) + row)}\n`).join(''));
  }

  /** What was asked to be shown. */
  print(text: string): void {
    this.out.write(`${printableLines(text)}\n`);
  }

  /** A line that moves, as long as something lasts; only where somebody watches a terminal that can take it back. */
  progress(text: string): Progress {
    if (this.err.isTTY !== true || this.#env.TERM === 'dumb') return { text() {}, stop() {} };
    return new LateProgress(text, this.err, this.#clock);
  }

  /** Loads what shows answers, once: a short time before the first one is there. */
  answers(): Promise<NewAnswerView> {
    this.#answers ??= this.#loadAnswers();
    return this.#answers;
  }

  async #loadAnswers(): Promise<NewAnswerView> {
    const [{ LiveMarkdown }, { MarkdownRenderer }, { PlainAnswer }, { FlowingText }] = await Promise.all([
      import('../markdown/live-markdown.js'),
      import('../markdown/render.js'),
      import('../markdown/plain-answer.js'),
      import('../markdown/flowing-text.js'),
    ]);
    const { out, err, style, noteStyle } = this;
    const writeNote = (text: string) => void err.write(noteStyle.dim(text));
    const canTakeBack = (stream: ScreenStream) => stream.isTTY === true && this.#env.TERM !== 'dumb';
    return ({ renders, of }) => {
      if (of === 'reasoning') {
        if (!renders || !canTakeBack(err)) return new PlainAnswer(writeNote, { isTerminal: true });
        return new FlowingText({ columns: err.columns ?? 0, write: writeNote });
      }
      if (!renders || !canTakeBack(out))
        return new PlainAnswer((text) => void out.write(text), { isTerminal: this.isWatched });
      const terminal = {
        columns: out.columns ?? 0,
        rows: out.rows ?? 0,
        write: (text: string) => void out.write(text),
      };
      return new LiveMarkdown(terminal, new MarkdownRenderer(style));
    };
  }
}

/** Shows itself after a while. */
class LateProgress implements Progress {
  #text: string;
  #isOver = false;
  #shown: Progress | undefined;
  readonly #stream: ScreenStream;
  readonly #timer: Timer;

  constructor(text: string, stream: ScreenStream, clock: Clock) {
    this.#text = text;
    this.#stream = stream;
    this.#timer = clock.after(QUIET_MS, () => void this.#show());
  }

  text(text: string): void {
    this.#text = text;
    this.#shown?.text(this.#line);
  }

  stop(): void {
    this.#isOver = true;
    this.#timer.cancel();
    this.#shown?.stop();
    this.#shown = undefined;
  }

  get #line(): string {
    return cutDisplay(printable(this.#text), Math.max(1, (this.#stream.columns || COLUMNS) - SPINNER_COLUMNS), '…');
  }

  async #show(): Promise<void> {
    const { showProgress } = await import('../progress.js');
    if (!this.#isOver) this.#shown = showProgress(this.#line, this.#stream as NodeJS.WriteStream);
  }
}
