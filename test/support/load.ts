import type { ServerStatus } from '../../src/protocol/status.js';

/** What the engines work on, and what waits for them. */
export function load({ engines, waiting_interactive }: ServerStatus): { running: number; waiting: number } {
  return { running: engines.reduce((sum, { slots_busy }) => sum + slots_busy, 0), waiting: waiting_interactive };
}
