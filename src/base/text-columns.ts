/** Text in columns, by cli-table3: it counts the cells of a terminal, so that wide characters stay in line. */
import Table from 'cli-table3';
import { displayWidth, wrapHard } from './wide-text.js';

export interface TextColumn {
  readonly align?: 'left' | 'right';
  /** Cells of the terminal; what is longer is wrapped at words, and a longer word is broken. Without it, as wide as the longest text. */
  readonly width?: number;
}

export interface ColumnSpacing {
  readonly indent?: number;
  readonly gap?: number;
}

/** One line for each row, or more where a text was wrapped; nothing behind the last text of a line. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  columns: readonly TextColumn[],
  { indent = 0, gap = 2 }: ColumnSpacing = {},
): readonly string[] {
  if (rows.length === 0) return [];
  const table = new Table({
    chars: { ...NO_LINES, middle: ' '.repeat(gap) },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colAligns: columns.map(({ align }) => align ?? 'left'),
    colWidths: columns.map(({ width }) => width ?? null),
    wordWrap: true,
    truncate: '...',
  });
  table.push(...rows.map((row) => row.map((text, at) => broken(text, columns[at]?.width))));
  const margin = ' '.repeat(indent);
  return table
    .toString()
    .split('\n')
    .map((line) => (margin + line).trimEnd());
}

/** `text` in lines of `width` cells at most, all behind a margin, the later ones behind a deeper one. */
export function wrapText(text: string, width: number, { margin = 0, hanging = 2 } = {}): readonly string[] {
  // cli-table3 does not count blanks before the first word: the margin stays outside.
  const lines = alignColumns([[text]], [{ width: width - margin - hanging }]);
  return lines.map((line, at) => ' '.repeat(at === 0 ? margin : margin + hanging) + line);
}

/** The table would cut off what has no blanks in it, such as a sentence in Chinese. */
function broken(text: string, width: number | undefined): string {
  if (width === undefined || !text.split(/\s+/).some((word) => displayWidth(word) > width)) return text;
  return wrapHard(text, width);
}

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
};
