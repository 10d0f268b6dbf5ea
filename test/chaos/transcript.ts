/** What one reader was told of its answer. What contradicts the promises of its face is noted as soon as it is seen. */

/** `untold`: the reader was told that there is nothing to come back for. */
export type Ending = 'completed' | 'cancelled' | 'failed' | 'untold';

const FAULTS_MAX = 5;

export class Transcript {
  readonly face: string;
  text = '';
  reasoning = '';
  restarts = 0;
  connections = 0;
  end: Ending | undefined;
  /** When it was told the end. */
  endedAtEpochMs: number | undefined;
  /** When it stopped reading. */
  leftAtEpochMs: number | undefined;
  /** When its last connection broke. */
  cutAtEpochMs: number | undefined;
  readonly faults: string[] = [];
  /** By sequence number, where the face tells every record by itself. */
  readonly records = new Map<number, string>();
  #last: number;

  /** `before`: the number before the first one. */
  constructor(face: string, before = 0) {
    this.face = face;
    this.#last = before;
  }

  get last(): number {
    return this.#last;
  }

  /** A record with its number: the next one. */
  record(sequence: number, content: string): void {
    if (sequence !== this.#last + 1) this.fault(`was told number ${sequence} after ${this.#last}`);
    this.#last = sequence;
    this.records.set(sequence, content);
  }

  /** A message that stands for all records up to that number: it only rises. */
  upTo(offset: number): void {
    if (offset <= this.#last) this.fault(`was told offset ${offset} after ${this.#last}`);
    this.#last = offset;
  }

  say(text: string): void {
    this.#mustGoOn('text');
    this.text += text;
  }

  think(text: string): void {
    this.#mustGoOn('reasoning');
    this.reasoning += text;
  }

  /** What was told before does not count. */
  restart(): void {
    this.#mustGoOn('a restart');
    this.restarts += 1;
    this.clear();
  }

  clear(): void {
    this.text = '';
    this.reasoning = '';
  }

  finish(ending: Ending): void {
    this.#mustGoOn('an end');
    this.end = ending;
    this.endedAtEpochMs = Date.now();
  }

  cut(): void {
    this.cutAtEpochMs = Date.now();
  }

  fault(what: string): void {
    if (this.faults.length < FAULTS_MAX) this.faults.push(what);
  }

  #mustGoOn(what: string): void {
    if (this.end !== undefined) this.fault(`was told ${what} after the end`);
  }
}
