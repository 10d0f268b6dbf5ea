/** May a ticket wait? Pure: the bounds of the queue against what waits in it. */

export interface QueueBounds {
  /** Tickets that may wait at once. */
  readonly waitingMax: number;
  /** Bytes of request bodies that may be held by waiting tickets. */
  readonly waitingBytesMax: number;
}

export interface QueueLoad {
  readonly waiting: number;
  readonly waitingBytes: number;
}

/** Why a ticket of this size may not wait as well, or undefined where it may. */
export function refusal(bounds: QueueBounds, load: QueueLoad, sizeBytes: number): string | undefined {
  if (load.waiting >= bounds.waitingMax) return `the queue is full (${load.waiting} requests wait)`;
  if (load.waitingBytes + sizeBytes > bounds.waitingBytesMax) {
    return `the queue is full (its requests hold ${load.waitingBytes} bytes)`;
  }
  return undefined;
}
