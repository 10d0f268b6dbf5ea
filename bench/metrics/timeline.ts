/** When tokens came and requests failed: counts in cells of time, which grow with the run. */
import type { RequestRecord } from '../record.js';

/** A power of two of cells is a second, so that cells stay whole parts of seconds, or whole seconds, as they double. */
const CELL_MS_MIN = 1000 / 128;
const CELLS_MAX = 1 << 16;
const POINTS_MAX = 1000;

export class Timeline {
  #cellMs = CELL_MS_MIN;
  #tokens: Float64Array = new Float64Array(CELLS_MAX);
  #errors: Float64Array = new Float64Array(CELLS_MAX);

  /** Tokens of a chunk are taken to come together, and each chunk to have as many as the others. */
  addTokens({ tokens, firstTokenMs, lastTokenMs, gapsUs }: RequestRecord): void {
    if (tokens.completion === null || firstTokenMs === null || lastTokenMs === null) return;
    this.#reach(lastTokenMs);
    const each = tokens.completion / (gapsUs.length + 1);
    let atMs = firstTokenMs;
    this.#put(this.#tokens, atMs, each);
    for (const gapUs of gapsUs) {
      atMs += gapUs / 1000;
      this.#put(this.#tokens, atMs, each);
    }
  }

  addError(atMs: number): void {
    this.#reach(atMs);
    this.#put(this.#errors, atMs, 1);
  }

  /** Tokens between two moments; cells that are cut count in part. */
  tokensBetween(fromMs: number, toMs: number): number {
    let sum = 0;
    const last = Math.min(CELLS_MAX - 1, Math.floor(toMs / this.#cellMs));
    for (let cell = Math.floor(fromMs / this.#cellMs); cell <= last; cell++) {
      const startMs = cell * this.#cellMs;
      const insideMs = Math.min(toMs, startMs + this.#cellMs) - Math.max(fromMs, startMs);
      sum += ((this.#tokens[cell] ?? 0) * insideMs) / this.#cellMs;
    }
    return sum;
  }

  /** The most tokens in any second, to a cell; null where a cell is longer than that. */
  peakInSecond(): number | null {
    const width = 1000 / this.#cellMs;
    if (width < 1) return null;
    let sum = 0;
    let peak = 0;
    for (let cell = 0; cell < CELLS_MAX; cell++) {
      sum += (this.#tokens[cell] ?? 0) - (this.#tokens[cell - width] ?? 0);
      peak = Math.max(peak, sum);
    }
    return Math.round(peak * 1e6) / 1e6;
  }

  /** Counts in equal intervals of whole seconds from 0 to `toMs`. */
  series(toMs: number): { readonly intervalMs: number; readonly tokens: number[]; readonly errors: number[] } {
    let intervalMs = Math.max(1000, this.#cellMs);
    while (toMs / intervalMs > POINTS_MAX) intervalMs *= 2;
    const points = Math.ceil(toMs / intervalMs);
    return {
      intervalMs,
      tokens: this.#summed(this.#tokens, intervalMs, points),
      errors: this.#summed(this.#errors, intervalMs, points),
    };
  }

  #summed(cells: Float64Array, intervalMs: number, points: number): number[] {
    const width = intervalMs / this.#cellMs;
    return Array.from({ length: points }, (_, point) => {
      // What came in the very last moment belongs to the last interval.
      const end = point === points - 1 ? CELLS_MAX : (point + 1) * width;
      const sum = cells.subarray(point * width, end).reduce((total, amount) => total + amount, 0);
      return Math.round(sum * 1000) / 1000;
    });
  }

  #put(cells: Float64Array, atMs: number, amount: number): void {
    const cell = Math.min(CELLS_MAX - 1, Math.max(0, Math.floor(atMs / this.#cellMs)));
    cells[cell] = (cells[cell] ?? 0) + amount;
  }

  #reach(atMs: number): void {
    while (atMs / this.#cellMs >= CELLS_MAX) {
      this.#cellMs *= 2;
      this.#tokens = halved(this.#tokens);
      this.#errors = halved(this.#errors);
    }
  }
}

/** Neighbouring cells in one. */
function halved(cells: Float64Array): Float64Array {
  const half = new Float64Array(cells.length);
  for (let cell = 0; cell < cells.length; cell++) half[cell >> 1] = (half[cell >> 1] ?? 0) + (cells[cell] ?? 0);
  return half;
}
