/** How long a slot is held, learnt from the answers so far, and what that means for somebody who waits. */

/** Weight of the newest answer: about the last ten count. */
const NEWEST_WEIGHT = 0.2;
const RETRY_AFTER_S_MAX = 60;

export class ServiceRate {
  #meanMs: number | undefined;

  record(heldMs: number): void {
    this.#meanMs = this.#meanMs === undefined ? heldMs : this.#meanMs + NEWEST_WEIGHT * (heldMs - this.#meanMs);
  }

  /** Expected wait with `ahead` tickets in front and `slots` working; undefined before the first answer. */
  waitMs(ahead: number, slots: number): number | undefined {
    if (this.#meanMs === undefined || slots <= 0) return undefined;
    return ((ahead + 1) * this.#meanMs) / slots;
  }

  /** A `Retry-After` in whole seconds, 1 to 60; 1 before anything is known. */
  retryAfterS(ahead: number, slots: number): number {
    const seconds = Math.ceil((this.waitMs(ahead, slots) ?? 0) / 1000);
    return Math.min(Math.max(seconds, 1), RETRY_AFTER_S_MAX);
  }
}
