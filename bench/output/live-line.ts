/** The one line that tells how a run goes on. On a terminal a spinner stands before it; elsewhere it comes every 10 s. */
import type { LiveFigures } from '../recorder.js';
import { fixed, spokenMs } from './figures.js';

export interface ProgressFigures extends LiveFigures {
  /** null where the run stops by time. */
  readonly total: number | null;
  readonly etaMs: number | null;
}

/** `12/20  4 in flight  0 failed  13.1 tok/s  TTFT p50 1.21s  E2E p50 11.4s  eta 24s`; what is not known yet is left out. */
export function liveLine(figures: ProgressFigures): string {
  const { done, total, outputTps, ttftP50Ms, e2eP50Ms, etaMs } = figures;
  return [
    total === null ? `${done} done` : `${done}/${total}`,
    `${figures.inFlight} in flight`,
    `${figures.failed} failed`,
    outputTps === null ? '' : `${fixed(outputTps, 1)} tok/s`,
    ttftP50Ms === null ? '' : `TTFT p50 ${spokenMs(ttftP50Ms)}`,
    e2eP50Ms === null ? '' : `E2E p50 ${spokenMs(e2eP50Ms)}`,
    etaMs === null ? '' : `eta ${remaining(etaMs)}`,
  ]
    .filter(Boolean)
    .join('  ');
}

/** The same for a log: with the time since the start, since nothing overwrites it. */
export function logLine(figures: ProgressFigures, elapsedMs: number): string {
  return `bench ${remaining(elapsedMs)}: ${liveLine(figures)}`;
}

/** `24s`, `3m05s`, `2h10m`. */
function remaining(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (minutes < 60) return `${minutes}m${two(seconds % 60)}s`;
  return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
}
