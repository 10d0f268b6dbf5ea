import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { describe, expect, it } from 'vitest';
import { showProgress } from '../../src/cli/progress.js';

/** A terminal of this width. */
function terminal(columns: number) {
  const stream = new PassThrough();
  return Object.assign(stream, { isTTY: true, columns, rows: 24, clearLine() {}, cursorTo() {}, moveCursor() {} });
}

describe('progress', () => {
  it.each([
    [0, false],
    [80, true],
  ])('on a terminal %d columns wide is shown: %s', (columns, isShown) => {
    const stream = terminal(columns);
    const progress = showProgress('working', stream as unknown as WriteStream);
    progress.text('still working');
    progress.stop();
    expect(stream.readableLength > 0).toBe(isShown);
  });
});
