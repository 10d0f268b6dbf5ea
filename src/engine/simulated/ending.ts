/**
 * How an answer ended.
 * - `complete`: all of it was handed over · `cancelled`: the signal aborted
 * - `stuck`: the signal aborted and the slot stays busy
 * - `reset`: the connection must be reset · `cut`: what was handed over is to be sent, then the connection dropped
 * - `crash`, `kill`: the engine must die now
 */
export type Ending = 'complete' | 'cancelled' | 'stuck' | 'reset' | 'cut' | 'crash' | 'kill';
