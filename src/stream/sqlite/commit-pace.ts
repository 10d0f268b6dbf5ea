/** When the next commit of the logs begins. Pure. */

/** Between the beginnings of two commits: what comes within it shares one. */
const INTERVAL_MS = 20;
/** So much is not waited with. */
const LARGE_BYTES = 1024 * 1024;
/** After a commit has failed. */
const RETRY_MS = 1_000;

export interface CommitSituation {
  /** Since the last commit began. */
  readonly sinceLastMs: number;
  /** The last commit has failed. */
  readonly isFailing: boolean;
  readonly waitingBytes: number;
}

/** Milliseconds from now. After a quiet time, and with much to write, it begins at once. */
export function commitDelayMs({ sinceLastMs, isFailing, waitingBytes }: CommitSituation): number {
  if (isFailing) return Math.max(0, RETRY_MS - sinceLastMs);
  return isLarge(waitingBytes) ? 0 : Math.max(0, INTERVAL_MS - sinceLastMs);
}

/** True where a commit does not wait for more. */
export function isLarge(waitingBytes: number): boolean {
  return waitingBytes >= LARGE_BYTES;
}
