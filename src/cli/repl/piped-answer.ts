/** An answer for a pipe or a file: its text, one line break at its end, and nothing else. */
import type { AnswerEvent } from '../../chat/answer.js';
import { AnswerText } from '../answer-text.js';

export interface PipedAnswerOptions {
  /** It is looked at when it is whole: nothing is written before that, so that nothing has to be taken back. */
  readonly isHeld: boolean;
  /** The answer was begun again, differently, and what was written cannot be taken back. */
  readonly onAnew: () => void;
}

export class PipedAnswer {
  readonly #write: (text: string) => void;
  readonly #options: PipedAnswerOptions;
  readonly #answer = new AnswerText();
  #hasBegun = false;
  /** Line breaks that are written when something follows. */
  #breaks = '';

  constructor(write: (text: string) => void, options: PipedAnswerOptions) {
    this.#write = write;
    this.#options = options;
  }

  take(event: AnswerEvent): void {
    if (event.kind === 'text') this.#read({ type: 'token', text: event.text, id: '' });
    if (event.kind === 'again') this.#read({ type: 'restart', attempt: 0, id: '' });
    if (event.kind === 'end') this.#read({ type: 'done', status: event.reason, usage: undefined, id: '' });
  }

  /** Once, at the end. */
  close(): void {
    if (this.#options.isHeld) this.#print(this.#answer.text);
    if (this.#hasBegun) this.#write('\n');
  }

  #read(event: Parameters<AnswerText['read']>[0]): void {
    const { text, isAnew } = this.#answer.read(event);
    if (this.#options.isHeld || text === '') return;
    if (isAnew && this.#hasBegun) {
      this.#write('\n');
      this.#hasBegun = false;
      this.#breaks = '';
      this.#options.onAnew();
    }
    this.#print(text);
  }

  #print(text: string): void {
    const whole = this.#breaks + text;
    const begun = this.#hasBegun ? whole : whole.replace(/^\s*\n/, '');
    const body = begun.replace(/[\r\n]+$/, '');
    this.#breaks = begun.slice(body.length);
    if (body.trim() === '' && !this.#hasBegun) {
      this.#breaks = begun;
      return;
    }
    this.#hasBegun = true;
    this.#write(body);
  }
}
