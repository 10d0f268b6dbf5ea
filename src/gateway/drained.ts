/** A client that takes bytes more slowly than they come. */
import type { ServerResponse } from 'node:http';
import { type Clock, pause } from '../base/clock.js';

/** A client that takes nothing for so long is given up. */
export const CLIENT_STALL_MS = 60_000;

/**
 * Resolves when what was written has gone, when the client has, or when `signal` aborts. The connection of a client that
 * does not take it is closed.
 */
export async function drained(response: ServerResponse, clock: Clock, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const wake = () => over.abort();
  const events = ['drain', 'close', 'finish'];
  for (const event of events) response.once(event, wake);
  signal.addEventListener('abort', wake, { once: true });
  if (signal.aborted || response.destroyed) wake();
  try {
    await pause(clock, CLIENT_STALL_MS, over.signal);
    if (!over.signal.aborted) response.req.socket.destroy();
  } finally {
    for (const event of events) response.off(event, wake);
    signal.removeEventListener('abort', wake);
  }
}
