/**
 * Looks again and again. A terminal shows the present state in place; anything else gets a line for each change, so that it
 * can be kept.
 */
import type { Clock } from '../base/clock.js';
import { GollamaError } from '../base/errors.js';
import { wakefulPause } from '../client/patience.js';
import { cutDisplay, displayWidth } from './terminal/display-width.js';

export interface Frame {
  /** For a terminal, as many lines as it takes. */
  readonly text: string;
  /** In a few words, without what changes all the time. */
  readonly gist: string;
  /** What a file gets when the gist has changed, instead of the time and the gist. */
  readonly line?: string;
  /** Nothing will change any more. */
  readonly isLast: boolean;
}

export interface Screen {
  readonly isTerminal: boolean;
  readonly rows: number;
  readonly columns: number;
  write(text: string): void;
  /** Calls `resized` whenever rows or columns are others; what it returns ends that. */
  onResize?(resized: () => void): () => void;
}

export interface WatchOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly everyMs: number;
  /** What a file gets when the server has gone, instead of the time and the message. */
  readonly lostLine?: (error: GollamaError) => string;
}

const HOME = '\u001b[H';
const CLEAR = `\u001b[2J${HOME}`;
const ERASE_LINE = '\u001b[K';
const ERASE_BELOW = '\u001b[J';

/**
 * Resolves with the last frame, or with undefined when the signal aborts. Rejects where the first look fails; a server that
 * goes away later is waited for.
 */
export async function watch(
  look: () => Promise<Frame>,
  screen: Screen,
  options: WatchOptions,
): Promise<Frame | undefined> {
  const { clock, signal, everyMs } = options;
  let shown: Frame | undefined;
  // Nothing that was written before is where it was: the terminal has moved it.
  const redraw = () => void (shown && screen.write(`${CLEAR}${picture(shown.text, screen)}`));
  const forget = screen.isTerminal ? screen.onResize?.(redraw) : undefined;
  try {
    while (!signal.aborted) {
      const frame = await looked(look, shown, options);
      if (signal.aborted) break;
      if (screen.isTerminal) screen.write(`${shown ? HOME : CLEAR}${picture(frame.text, screen)}`);
      else if (frame.gist !== shown?.gist) screen.write(`${frame.line ?? `${timeOfDay(clock)} ${frame.gist}`}\n`);
      shown = frame;
      if (frame.isLast) return frame;
      await wakefulPause(clock, everyMs, signal);
    }
    return undefined;
  } finally {
    forget?.();
  }
}

async function looked(
  look: () => Promise<Frame>,
  before: Frame | undefined,
  { lostLine }: WatchOptions,
): Promise<Frame> {
  try {
    return await look();
  } catch (thrown) {
    if (!before || !(thrown instanceof GollamaError && thrown.code === 'unreachable')) throw thrown;
    const frame = { text: `${thrown.message}; looking again`, gist: thrown.message, isLast: false };
    return lostLine ? { ...frame, line: lostLine(thrown) } : frame;
  }
}

/** As much as the terminal has room for, below which the line of the cursor stays free. */
export function picture(text: string, { rows, columns }: Pick<Screen, 'rows' | 'columns'>): string {
  const lines = text.split('\n');
  const room = Math.max(rows - 1, 1);
  const more = lines.length - room + 1;
  const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), `... ${more} more lines`];
  return `${shown.map((line) => row(line, columns)).join('')}${ERASE_BELOW}`;
}

/** Behind the last cell nothing is left to erase; a terminal would take that cell itself. */
function row(line: string, columns: number): string {
  const cut = cutDisplay(line, columns, '…');
  return `${cut}${displayWidth(cut) < columns ? ERASE_LINE : ''}\n`;
}

/** UTC, as the times of tasks are shown. */
function timeOfDay(clock: Clock): string {
  return new Date(clock.epoch()).toISOString().slice(11, 19);
}
