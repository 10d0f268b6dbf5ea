/** Text with looks, in rows; escape codes are made from it at the very end, so that nothing before has to count them. */
import { displayWidth, graphemes } from '../terminal/display-width.js';
import type { Style, StyleName } from '../terminal/style.js';
import { type Cell, RowFlow } from './row-flow.js';

export interface Span {
  readonly text: string;
  readonly styles: readonly StyleName[];
}

/** One line of a terminal, at most; code may be longer. */
export type Row = readonly Span[];

interface SpanCell extends Cell {
  readonly styles: readonly StyleName[];
}

export function plain(text: string): Span {
  return { text, styles: [] };
}

/** In rows of `width` cells at most; line breaks stay. One row at least. */
export function wrapSpans(spans: readonly Span[], width: number): readonly Row[] {
  const flow = new RowFlow<SpanCell>(Math.max(1, width));
  const rows: (readonly SpanCell[])[] = [];
  for (const { text, styles } of spans) {
    const [first = '', ...others] = text.replaceAll('\t', '    ').split('\n');
    const push = (line: string) => {
      for (const character of graphemes(line)) {
        rows.push(...flow.push({ text: character, width: displayWidth(character), styles }));
      }
    };
    push(first);
    for (const line of others) {
      rows.push(flow.take());
      push(line);
    }
  }
  return [...rows, flow.take()].map(joined);
}

/** The rows behind a margin: `first` before the first one, `others` before the rest. */
export function hang(rows: readonly Row[], first: Span, others: Span): readonly Row[] {
  return rows.map((row, at) => [at === 0 ? first : others, ...row]);
}

export function rowWidth(row: Row): number {
  return row.reduce((sum, { text }) => sum + displayWidth(text), 0);
}

export function paintRow(row: Row, style: Style): string {
  const end = row.findLastIndex(({ text }) => text.trim() !== '');
  return row
    .slice(0, end + 1)
    .map(({ text, styles }, at) => style.paint(at === end ? text.trimEnd() : text, styles))
    .join('');
}

/** Cells of the same looks together, without the blanks at the end. */
function joined(cells: readonly SpanCell[]): Row {
  const end = cells.findLastIndex(({ text }) => text !== ' ');
  const spans: { text: string; styles: readonly StyleName[] }[] = [];
  for (const { text, styles } of cells.slice(0, end + 1)) {
    const last = spans.at(-1);
    if (last?.styles === styles) last.text += text;
    else spans.push({ text, styles });
  }
  return spans;
}
