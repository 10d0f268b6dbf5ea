/** One run of the server, from its start to its end. */

/** Moments at which a kill hurts most. */
export type Moment = 'submit sent' | 'change sent' | 'answer given' | 'call begun';

export class Life {
  /** Also the path of the engines in this life, so that every call tells by whom it was made. */
  readonly number: number;
  /** The kill was sent: whatever fails from now on is in doubt. */
  isOver = false;
  /** It was asked to end, not killed: what it breaks off then is no crash. */
  isStopped = false;
  /** The moment of the kill, and how often it has to come before. */
  readonly #fuse: Moment | undefined;
  #fuseLength: number;
  #burn: () => void = () => {};
  /** Resolves when the fuse has burned down. */
  readonly burned: Promise<void>;

  constructor(number: number, fuse?: { readonly moment: Moment; readonly times: number }) {
    this.number = number;
    this.#fuse = fuse?.moment;
    this.#fuseLength = fuse?.times ?? 0;
    this.burned = new Promise((resolve) => {
      this.#burn = resolve;
    });
  }

  tell(moment: Moment): void {
    if (moment !== this.#fuse) return;
    this.#fuseLength -= 1;
    if (this.#fuseLength === 0) this.#burn();
  }
}
