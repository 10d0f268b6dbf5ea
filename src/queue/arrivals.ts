/** The one counter that gives every request and every task its place inside its priority. */
export class Arrivals {
  #next = 1;

  next(): number {
    const number = this.#next;
    this.#next += 1;
    return number;
  }

  /** What comes from now on gets at least this number: tasks that outlived a restart were there before. */
  skipTo(number: number): void {
    this.#next = Math.max(this.#next, number);
  }
}
