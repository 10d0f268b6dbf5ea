/**
 * Reasoning that comes inside the text, between `<think>` and `</think>`. Servers that know a model's reasoning tell it
 * apart; others pass it on as it was generated, and templates that end with `<think>` themselves leave only `</think>` to be
 * seen. Only what a model says at its beginning is taken for a tag: later on it may be talking about one.
 */

export interface TaggedPiece {
  readonly kind: 'text' | 'reasoning';
  readonly text: string;
  /** True where all text so far was reasoning; it is not told again here. */
  readonly textWasReasoning?: boolean;
}

const OPEN = '<think>';
const CLOSE = '</think>';

/**
 * 1. `start`: nothing but blanks was said; `<think>` begins reasoning
 * 2. `opened`: behind it; blanks in front of the reasoning are dropped
 * 3. `reasoning`: up to `</think>`
 * 4. `gap`: behind it; blanks in front of the text are dropped
 * 5. `text`: a `</think>` that stands alone at the end of a line closes reasoning that was never opened, once
 */
type Place = 'start' | 'opened' | 'reasoning' | 'gap' | 'text';

export class ThinkTags {
  #place: Place = 'start';
  /** What cannot be told yet: it may be the beginning of a tag. */
  #held = '';
  /** Text since the answer began; undefined as soon as no stray tag can be meant any more. */
  #text: string | undefined = '';

  push(text: string): readonly TaggedPiece[] {
    this.#held += text;
    return this.#read(false);
  }

  /** What was held back. */
  end(): readonly TaggedPiece[] {
    return this.#read(true);
  }

  #read(isEnd: boolean): readonly TaggedPiece[] {
    const pieces: TaggedPiece[] = [];
    for (;;) {
      const place = this.#place;
      const piece = this.#step(isEnd);
      if (piece) pieces.push(piece);
      else if (place === this.#place) return pieces;
    }
  }

  /** Goes on to the next place, or takes what can be told of this one. */
  #step(isEnd: boolean): TaggedPiece | undefined {
    switch (this.#place) {
      case 'start':
        return this.#start(isEnd);
      case 'opened':
        return this.#skipBlanks('reasoning');
      case 'reasoning':
        return this.#reasoning(isEnd);
      case 'gap':
        return this.#skipBlanks('text');
      case 'text':
        return this.#plain(isEnd);
    }
  }

  #start(isEnd: boolean): undefined {
    const said = this.#held.trimStart();
    if (said.startsWith(OPEN)) {
      this.#text = undefined;
      this.#held = said.slice(OPEN.length);
      this.#place = 'opened';
    } else if (isEnd || !OPEN.startsWith(said)) {
      this.#place = 'text';
    }
    return undefined;
  }

  #skipBlanks(next: Place): undefined {
    this.#held = this.#held.trimStart();
    if (this.#held !== '') this.#place = next;
    return undefined;
  }

  #reasoning(isEnd: boolean): TaggedPiece | undefined {
    const at = this.#held.indexOf(CLOSE);
    if (at < 0) return this.#take('reasoning', isEnd ? this.#held.length : this.#held.length - tagBegin(this.#held));
    const piece = this.#take('reasoning', at);
    this.#held = this.#held.slice(CLOSE.length);
    this.#place = 'gap';
    return piece;
  }

  #plain(isEnd: boolean): TaggedPiece | undefined {
    if (this.#text === undefined) return this.#take('text', this.#held.length);
    const at = this.#held.indexOf(CLOSE);
    if (at < 0) return this.#take('text', isEnd ? this.#held.length : this.#held.length - tagBegin(this.#held));
    const next = this.#held[at + CLOSE.length];
    if (next === undefined && !isEnd) return this.#take('text', at);
    const before = this.#text + this.#held.slice(0, at);
    if (!isTag(before, next)) return this.#take('text', at + CLOSE.length);
    const text = this.#held.slice(0, at);
    this.#held = this.#held.slice(at + CLOSE.length);
    this.#text = undefined;
    this.#place = 'gap';
    return { kind: 'reasoning', text, textWasReasoning: true };
  }

  #take(kind: TaggedPiece['kind'], length: number): TaggedPiece | undefined {
    const text = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    if (kind === 'text' && this.#text !== undefined) this.#text += text;
    return text === '' ? undefined : { kind, text };
  }
}

/** How many characters at the end of `text` may be the beginning of `</think>`. */
function tagBegin(text: string): number {
  for (let length = Math.min(CLOSE.length - 1, text.length); length > 0; length--) {
    if (CLOSE.startsWith(text.slice(-length))) return length;
  }
  return 0;
}

/** At the beginning or the end of a line, and not in a block of code. */
function isTag(before: string, next: string | undefined): boolean {
  const isAlone = next === undefined || next === '\n' || next === '\r' || before === '' || before.endsWith('\n');
  return isAlone && before.split('```').length % 2 === 1;
}
