/** What an answer tells, short enough to compare: `text hello`, `end stop`. */
import type { AnswerEvent, Question } from '../../src/chat/answer.js';

export const QUESTION: Question = { model: 'm', messages: [{ role: 'user', content: 'hi' }], options: {} };

function short(event: AnswerEvent): string {
  switch (event.kind) {
    case 'text':
    case 'reasoning':
      return `${event.kind} ${event.text}`;
    case 'again':
      return `again ${event.why}`;
    case 'end':
      return `end ${event.reason}`;
    default:
      return event.kind;
  }
}

export class Told {
  readonly events: AnswerEvent[] = [];
  /** Resolves with all of it, as `short` has it; rejects with what was thrown. */
  readonly all: Promise<readonly string[]>;
  readonly #waiting = new Set<() => void>();

  constructor(events: AsyncIterable<AnswerEvent>) {
    this.all = this.#take(events);
    this.all.catch(() => undefined);
  }

  /** Resolves when that was told; fails where all was told without it. */
  async until(wanted: string): Promise<void> {
    while (!this.events.map(short).includes(wanted)) {
      const more = new Promise<true>((resolve) => this.#waiting.add(() => resolve(true)));
      const isMore = await Promise.race([more, this.all.then(() => false)]);
      if (!isMore && !this.events.map(short).includes(wanted)) {
        throw new Error(`${wanted} was not told, but ${this.events.map(short).join(', ')}`);
      }
    }
  }

  get end(): Extract<AnswerEvent, { kind: 'end' }> {
    const last = this.events.at(-1);
    if (last?.kind === 'end') return last;
    throw new Error('it has not ended');
  }

  async #take(events: AsyncIterable<AnswerEvent>): Promise<readonly string[]> {
    for await (const event of events) {
      this.events.push(event);
      for (const tell of this.#waiting) tell();
      this.#waiting.clear();
    }
    return this.events.map(short);
  }
}
