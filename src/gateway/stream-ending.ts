/** How a text stream ended, from its last bytes. */

/**
 * - `done`: with `data: [DONE]`
 * - `error`: with an error event of the engine's own
 * - `finished`: with a finish reason, but without `[DONE]`; some servers leave it out
 * - `cut`: with none of them: the answer is not complete, however cleanly the connection ended
 */
export type StreamEnding = 'done' | 'error' | 'finished' | 'cut';

export function streamEnding(tail: Buffer): StreamEnding {
  const text = tail.toString('latin1');
  if (/^data: ?\[DONE\]/m.test(text)) return 'done';
  if (/^data: ?\{\s*"error"\s*:(?!\s*null)/m.test(text) || /^error: ?\{/m.test(text)) return 'error';
  if (/"finish_reason"\s*:\s*"/.test(text)) return 'finished';
  return 'cut';
}
