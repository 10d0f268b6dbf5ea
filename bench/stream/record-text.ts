/** The text of a record: a mark, the moment at which it was made, and the rest of a token or two. */

/** Nowhere else in what a server sends. */
export const MARK = 0x40;
const STAMP_DIGITS = 16;
const REST = ' the quick brown fox jumps';

/** `nowUs`: of the clock that the processes share. */
export function recordText(nowUs: number): string {
  return `${String.fromCharCode(MARK)}${String(Math.round(nowUs)).padStart(STAMP_DIGITS, '0')}${REST}`;
}

/** How many records these bytes have. Where `onStamp` is given it hears when they were made, but for those cut off. */
export function countRecords(bytes: Buffer, onStamp?: (madeUs: number) => void): number {
  let count = 0;
  for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + 1)) {
    count += 1;
    const end = at + 1 + STAMP_DIGITS;
    if (onStamp && end <= bytes.length) onStamp(Number(bytes.toString('latin1', at + 1, end)));
  }
  return count;
}
