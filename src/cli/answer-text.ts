/**
 * An answer as it is printed while it comes, when what was printed cannot be taken back. After a restart nothing is printed
 * as long as the new answer repeats the old one; where it goes another way, it is printed again, whole.
 */
import type { TaskStreamEvent } from '../client/task-stream.js';

export interface Piece {
  readonly text: string;
  /** This text is not the continuation of what was printed: it begins the answer anew. */
  readonly isAnew: boolean;
}

const NOTHING: Piece = { text: '', isAnew: false };

export class AnswerText {
  #printed = '';
  #now = '';
  #repeats = false;

  /** The answer so far. */
  get text(): string {
    return this.#now;
  }

  /** What to print for this event. */
  read(event: TaskStreamEvent): Piece {
    if (event.type === 'restart') {
      this.#now = '';
      this.#repeats = this.#printed !== '';
      return NOTHING;
    }
    if (event.type === 'done') return this.#repeats && this.#now !== this.#printed ? this.#anew() : NOTHING;
    if (event.type !== 'token') return NOTHING;
    this.#now += event.text;
    return this.#repeats ? this.#compared() : this.#printing(event.text);
  }

  #compared(): Piece {
    if (this.#printed.startsWith(this.#now)) return NOTHING;
    if (!this.#now.startsWith(this.#printed)) return this.#anew();
    this.#repeats = false;
    return this.#printing(this.#now.slice(this.#printed.length));
  }

  #printing(text: string): Piece {
    this.#printed += text;
    return { text, isAnew: false };
  }

  #anew(): Piece {
    this.#repeats = false;
    this.#printed = this.#now;
    return { text: this.#now, isAnew: true };
  }
}
