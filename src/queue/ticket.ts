/** One entry waiting in the queue. It never changes; who wants to change it cancels it and sends another. */
export interface Ticket {
  /** Arrival number; a ticket that comes back after a failed attempt keeps its own. */
  readonly sequence: number;
  /** What it waits for, from `Pool.route`. */
  readonly route: string;
  /** Higher goes first. */
  readonly priority: number;
  /**
   * It stands for work that is stored elsewhere: it waits for as long as it takes, also while its engines are down, and
   * takes none of the room that those who would be lost have.
   */
  readonly durable: boolean;
  /** Bytes it holds in memory while it waits. */
  readonly sizeBytes: number;
  readonly caller: string;
  /** Leases its caller may hold at once. */
  readonly callerInFlightMax: number;
  /** Name of the engine that failed its last attempt: another one is taken where one is free. */
  readonly avoidedEngine: string | undefined;
}
