import type { AnswerHead, AnswerSink, Flow } from '../../src/engine/engine.js';

/** Keeps what an engine answers, and lets a test wait for parts of it. */
export class RecordingSink implements AnswerSink {
  readonly chunks: Buffer[] = [];
  heads: AnswerHead[] = [];
  flow: Flow | undefined;
  /** What `chunk` returns: false asks for a pause after every chunk. */
  wantsMore = true;
  #waiting: { readonly reached: () => boolean; readonly resolve: () => void }[] = [];

  head(head: AnswerHead, flow: Flow): void {
    this.heads.push(head);
    this.flow = flow;
    this.#look();
  }

  chunk(bytes: Buffer): boolean {
    this.chunks.push(Buffer.from(bytes));
    this.#look();
    return this.wantsMore;
  }

  get status(): number | undefined {
    return this.heads[0]?.status;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return this.bytes.toString('utf8');
  }

  json<T = Record<string, unknown>>(): T {
    return JSON.parse(this.text) as T;
  }

  /** The payloads of a stream's `data:` lines, unparsed. */
  get events(): string[] {
    const lines = this.text.split(/\r?\n/).filter((line) => line.startsWith('data: '));
    return lines.map((line) => line.slice('data: '.length));
  }

  headSeen(): Promise<void> {
    return this.#until(() => this.heads.length > 0);
  }

  chunksSeen(count: number): Promise<void> {
    return this.#until(() => this.chunks.length >= count);
  }

  #until(reached: () => boolean): Promise<void> {
    if (reached()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ reached, resolve }));
  }

  #look(): void {
    const reached = this.#waiting.filter((entry) => entry.reached());
    this.#waiting = this.#waiting.filter((entry) => !reached.includes(entry));
    for (const entry of reached) entry.resolve();
  }
}
