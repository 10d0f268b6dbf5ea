/** A line that tells what is going on, by ora; only where somebody watches a terminal. */
import { createRequire } from 'node:module';
import { cutDisplay } from './terminal/display-width.js';

// Nobody else shall wait for ora, which loads the tables of a language. The release has it in a file of its own.
const require = createRequire(import.meta.url);

export interface Progress {
  text(text: string): void;
  /** Takes the line away. Idempotent. */
  stop(): void;
}

/** Before the text. */
const SPINNER_COLUMNS = 3;
const NO_PROGRESS: Progress = { text() {}, stop() {} };

export function showProgress(text: string, stream: NodeJS.WriteStream = process.stderr): Progress {
  // A terminal that nobody gave a size, as CI jobs have, is 0 columns wide: ora would count its lines without end.
  if (!stream.isTTY || !stream.columns) return NO_PROGRESS;
  // Signals and keys stay the program's own.
  const { default: ora } = require('ora') as typeof import('ora');
  // One row, also where it is long: a second one would not be taken back at each turn.
  const fitted = (long: string) => cutDisplay(long, Math.max(1, stream.columns - SPINNER_COLUMNS), '…');
  const spinner = ora({ text: fitted(text), stream, discardStdin: false, hideCursor: false }).start();
  return {
    text(next) {
      spinner.text = fitted(next);
    },
    stop: () => void spinner.stop(),
  };
}
