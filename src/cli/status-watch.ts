/** `gollama status --watch`. */
import { systemClock } from '../base/clock.js';
import type { GollamaError } from '../base/errors.js';
import { realSurroundings } from '../config/load.js';
import type { ServerStatus } from '../protocol/status.js';
import type { TaskReport } from '../protocol/task.js';
import { toFailure } from './command-failure.js';
import { Interrupt } from './interrupt.js';
import { failureDocument, jsonDocument, jsonLine } from './json-document.js';
import { type StatusView, statusFrame } from './status-frames.js';
import { type Screen, watch } from './watch.js';

const EVERY_MS = 1_000;
/** Of a terminal without a size. */
const ROWS = 24;
const COLUMNS = 80;

/** Resolves with the exit code: 0 and 1 for a task that completed or did not, and that of the signal that ended it. */
export async function watchStatus(
  ask: () => Promise<ServerStatus | TaskReport>,
  view: StatusView,
  isJson: boolean,
): Promise<number> {
  const interrupt = new Interrupt();
  let last: ServerStatus | TaskReport | undefined;
  const look = async () => {
    last = await ask();
    const frame = statusFrame(last, view);
    return isJson ? { ...frame, line: jsonLine(jsonDocument(last)).trimEnd() } : frame;
  };
  try {
    await watch(look, screen(isJson), {
      clock: systemClock,
      signal: interrupt.signal,
      everyMs: EVERY_MS,
      ...(isJson && { lostLine }),
    });
    if (interrupt.exitCode !== undefined) return interrupt.exitCode;
    return last && 'status' in last && last.status === 'completed' ? 0 : 1;
  } finally {
    interrupt.dispose();
  }
}

function lostLine(error: GollamaError): string {
  return jsonLine(failureDocument(toFailure(error, 'gollama status'))).trimEnd();
}

function screen(isJson: boolean): Screen {
  const { stdout } = process;
  return {
    // A dumb one cannot put the cursor anywhere.
    isTerminal: stdout.isTTY === true && realSurroundings().env.TERM !== 'dumb' && !isJson,
    get rows() {
      return stdout.rows || ROWS;
    },
    get columns() {
      return stdout.columns || COLUMNS;
    },
    write: (text) => void stdout.write(text),
    onResize: (resized) => {
      stdout.on('resize', resized);
      return () => void stdout.off('resize', resized);
    },
  };
}
