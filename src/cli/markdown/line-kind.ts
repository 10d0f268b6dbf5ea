/** What a line of Markdown begins or ends, by itself. The rules are CommonMark's and GitHub's, as `marked` reads them. */

/** Opens a block of code. */
export interface Fence {
  readonly indent: number;
  readonly mark: string;
  readonly length: number;
  /** `ts`; empty where none is named. */
  readonly language: string;
}

/** Opens an item of a list. */
export interface ListItem {
  readonly indent: number;
  /** `-`, `*`, `+`, `.` or `)`: items with another one belong to another list. */
  readonly bullet: string;
  /** Undefined where the list is not numbered. */
  readonly number: number | undefined;
  /** What is indented so far belongs to the item. */
  readonly contentIndent: number;
  readonly isEmpty: boolean;
}

const TAB = 4;
const FENCE = /^([ \t]*)(`{3,}|~{3,})[ \t]*([^\s`{]*)([^`]*)$/;
const HEADING = /^ {0,3}#{1,6}(?:[ \t]|$)/;
const RULE = /^ {0,3}(?:(?:-[ \t]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})$/;
const UNDERLINE = /^ {0,3}(?:=+|-+)[ \t]*$/;
const QUOTE = /^ {0,3}>/;
const ITEM = /^([ \t]*)([-*+]|\d{1,9}[.)])(?:([ \t]+)(.*))?$/;
const DELIMITER = /^\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?$/;
const MATH = /^[ \t]*(\$\$|\\\[)/;
const HTML_TEXT = /^ {0,3}<(script|pre|style|textarea)(?:[\s>]|$)/i;
const HTML_BLOCK =
  /^ {0,3}<\/?(?:address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|meta|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul)(?:[ \t]|$|\/?>)/i;
const HTML_TAG = /^ {0,3}<\/?[a-z][\w-]*(?:\s[^<>]*)?\/?>[ \t]*$/i;

export function isBlank(line: string): boolean {
  return line.trim() === '';
}

/** Columns before the text. */
export function indentOf(line: string): number {
  let columns = 0;
  for (const character of line) {
    if (character === ' ') columns += 1;
    else if (character === '\t') columns += TAB - (columns % TAB);
    else break;
  }
  return columns;
}

export function fenceOf(line: string): Fence | undefined {
  const [, blanks, marks, language] = FENCE.exec(line) ?? [];
  if (blanks === undefined || marks === undefined) return undefined;
  return { indent: indentOf(line), mark: marks.slice(0, 1), length: marks.length, language: language ?? '' };
}

export function closesFence(line: string, { mark, length, indent }: Fence): boolean {
  const text = line.trim();
  const isMarks = text.length >= length && text === mark.repeat(text.length);
  return isMarks && indentOf(line) <= indent + 3;
}

export function isHeading(line: string): boolean {
  return HEADING.test(line);
}

export function isRule(line: string): boolean {
  return RULE.test(line);
}

/** Makes a heading of the paragraph above it. */
export function isUnderline(line: string): boolean {
  return UNDERLINE.test(line);
}

export function isQuote(line: string): boolean {
  return QUOTE.test(line);
}

export function itemOf(line: string): ListItem | undefined {
  const [, blanks, marker, gap, text] = ITEM.exec(line) ?? [];
  if (blanks === undefined || marker === undefined) return undefined;
  const indent = indentOf(line);
  const isEmpty = (text ?? '') === '';
  // Five blanks and more are one, and code behind it.
  const gapColumns = isEmpty || gap === undefined ? 1 : indentOf(gap);
  return {
    indent,
    bullet: marker.slice(-1),
    number: marker.length > 1 ? Number(marker.slice(0, -1)) : undefined,
    contentIndent: indent + marker.length + (gapColumns > TAB ? 1 : gapColumns),
    isEmpty,
  };
}

/** The line below the head of a table. */
export function isTableDelimiter(line: string, head: string): boolean {
  return (line.includes('|') || head.includes('|')) && DELIMITER.test(line.trim()) && cells(line) === cells(head);
}

/** What the line ends with that closes the formula which this line opens. */
export function mathEndOf(line: string): string | undefined {
  const opening = MATH.exec(line)?.[1];
  return opening && (opening === '$$' ? '$$' : '\\]');
}

/** True where the formula that this line opens is closed by it too. */
export function isWholeMath(line: string, end: string): boolean {
  const text = line.trim();
  return text.length > 2 && text.slice(2).endsWith(end);
}

/** What ends the HTML that this line opens: a text in a line, or a blank line. `isTag`: a lone tag, which ends no paragraph. */
export function htmlEndOf(line: string): { readonly text: string | undefined; readonly isTag: boolean } | undefined {
  const ends = (text: string | undefined, isTag = false) => ({ text, isTag });
  const element = HTML_TEXT.exec(line)?.[1];
  if (element !== undefined) return ends(`</${element.toLowerCase()}>`);
  const start = indentOf(line) < TAB ? line.trimStart() : '';
  if (start.startsWith('<!--')) return ends('-->');
  if (start.startsWith('<?')) return ends('?>');
  if (start.startsWith('<![CDATA[')) return ends(']]>');
  if (/^<![a-z]/i.test(start)) return ends('>');
  if (HTML_BLOCK.test(line)) return ends(undefined);
  return HTML_TAG.test(line) ? ends(undefined, true) : undefined;
}

function cells(line: string): number {
  const inner = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '');
  return inner.split(/(?<!\\)\|/).length;
}
