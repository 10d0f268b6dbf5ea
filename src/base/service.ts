/** What starts must stop. */
export interface Service {
  /** Idempotent. Resolves when the service does its work; rejects when it cannot. */
  start(): Promise<void>;
  /** Idempotent. Resolves when nothing of the service runs any more; it never rejects. */
  stop(): Promise<void>;
}
