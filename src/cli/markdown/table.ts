/** A table of Markdown for a terminal: cells are wrapped until it fits; where it cannot fit, row by row as a list. */
import type { Tokens } from 'marked';
import { inlineSpans } from './inline.js';
import { plain, type Row, rowWidth, type Span, wrapSpans } from './span.js';

const BETWEEN = ' │ ';
const CROSS = '─┼─';
const COLUMN_WIDTH_MIN = 6;

export function tableRows({ header, rows, align }: Tokens.Table, width: number, hasColor: boolean): readonly Row[] {
  const head = header.map(({ tokens }) => inlineSpans(tokens, hasColor, ['bold']));
  const body = rows.map((row) => row.map(({ tokens }) => inlineSpans(tokens, hasColor)));
  const widths = columnWidths([head, ...body], width);
  if (!widths) return listed(head, body, width);
  const rule = widths.map((columns) => '─'.repeat(columns)).join(CROSS);
  const lined = (cells: readonly (readonly Span[])[]) => tableRow(cells, widths, align);
  return [...lined(head), [{ text: rule, styles: ['dim'] }], ...body.flatMap(lined)];
}

/**
 * As wide as the text of each column where there is room; otherwise the narrow ones keep their width and the others share
 * what is left. Undefined where that would be too little to read.
 */
function columnWidths(rows: readonly (readonly (readonly Span[])[])[], width: number): readonly number[] | undefined {
  const count = rows[0]?.length ?? 0;
  const natural = Array.from({ length: count }, (_, at) => Math.max(1, ...rows.map((row) => widest(row[at] ?? []))));
  let room = width - BETWEEN.length * (count - 1);
  if (natural.reduce((sum, columns) => sum + columns, 0) <= room) return natural;
  const widths = [...natural];
  const narrowFirst = [...natural.keys()].sort((left, right) => (natural[left] ?? 0) - (natural[right] ?? 0));
  for (const [at, column] of narrowFirst.entries()) {
    const share = Math.floor(room / (count - at));
    const taken = Math.min(natural[column] ?? 0, share);
    if (taken < (natural[column] ?? 0) && taken < COLUMN_WIDTH_MIN) return undefined;
    widths[column] = taken;
    room -= taken;
  }
  return widths;
}

function widest(cell: readonly Span[]): number {
  return Math.max(...wrapSpans(cell, Number.POSITIVE_INFINITY).map(rowWidth));
}

function tableRow(
  cells: readonly (readonly Span[])[],
  widths: readonly number[],
  align: Tokens.Table['align'],
): readonly Row[] {
  const wrapped = widths.map((width, at) => wrapSpans(cells[at] ?? [], width));
  const height = Math.max(...wrapped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    wrapped.flatMap((lines, at) => [
      ...(at === 0 ? [] : [BAR]),
      ...padded(lines[line] ?? [], widths[at] ?? 0, align[at] ?? 'left'),
    ]),
  );
}

const BAR: Span = { text: BETWEEN, styles: ['dim'] };

function padded(row: Row, width: number, align: 'left' | 'right' | 'center'): Row {
  const missing = Math.max(0, width - rowWidth(row));
  const before = align === 'left' ? 0 : align === 'right' ? missing : Math.floor(missing / 2);
  return [plain(' '.repeat(before)), ...row, plain(' '.repeat(missing - before))];
}

/** `title: text`, a line for each cell and a blank line between rows. */
function listed(
  head: readonly (readonly Span[])[],
  body: readonly (readonly (readonly Span[])[])[],
  width: number,
): readonly Row[] {
  return body.flatMap((cells, at) => [
    ...(at === 0 ? [] : [[]]),
    ...cells.flatMap((cell, column) => wrapSpans([...(head[column] ?? []), plain(': '), ...cell], width)),
  ]);
}
