/** `gollama status --watch`. */
import { systemClock } from '../base/clock.js';
import { Interrupt } from './interrupt.js';
import { type StatusFrame, type StatusView, statusFrame } from './status-frames.js';
import { type Screen, watch } from './watch.js';

const EVERY_MS = 1_000;
/** Of a terminal without a size. */
const ROWS = 24;
const COLUMNS = 80;

/** Resolves with the exit code: 0 and 1 for a task that completed or did not, and that of the signal that ended it. */
export async function watchStatus(view: StatusView, isJson: boolean): Promise<number> {
  const interrupt = new Interrupt();
  let last: StatusFrame | undefined;
  const look = async () => {
    last = await statusFrame(view);
    return isJson ? { ...last, line: JSON.stringify({ schemaVersion: 1, ...last.subject }) } : last;
  };
  try {
    await watch(look, screen(isJson), { clock: systemClock, signal: interrupt.signal, everyMs: EVERY_MS });
    if (interrupt.exitCode !== undefined) return interrupt.exitCode;
    return last && 'status' in last.subject && last.subject.status === 'completed' ? 0 : 1;
  } finally {
    interrupt.dispose();
  }
}

function screen(isJson: boolean): Screen {
  const { stdout } = process;
  return {
    isTerminal: stdout.isTTY === true && !isJson,
    get rows() {
      return stdout.rows || ROWS;
    },
    get columns() {
      return stdout.columns || COLUMNS;
    },
    write: (text) => void stdout.write(text),
  };
}
