/** An answer as it is: for files and pipes, and for terminals that cannot take text back. */
import { printableLines } from '../../base/printable.js';
import { type AnswerView, ChunkJoint } from './answer-view.js';

export interface PlainAnswerOptions {
  /** Somebody looks at it: then its text must not steer the terminal. A file gets every character. */
  readonly isTerminal: boolean;
}

export class PlainAnswer implements AnswerView {
  readonly #write: (text: string) => void;
  readonly #isTerminal: boolean;
  readonly #joint = new ChunkJoint();
  #isLineOpen = false;

  constructor(write: (text: string) => void, { isTerminal }: PlainAnswerOptions) {
    this.#write = write;
    this.#isTerminal = isTerminal;
  }

  write(chunk: string): void {
    this.#show(this.#joint.take(chunk));
  }

  end(): void {
    this.#show(this.#joint.end());
    if (this.#isLineOpen) this.#show('\n');
  }

  resize(): void {}

  #show(text: string): void {
    if (text === '') return;
    this.#isLineOpen = !text.endsWith('\n');
    this.#write(this.#isTerminal ? printableLines(text) : text);
  }
}
