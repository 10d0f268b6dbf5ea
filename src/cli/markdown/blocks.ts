/**
 * Markdown line by line, as blocks: each is told as soon as nothing that follows can change it, and never sooner. Every line is
 * looked at once, so a long answer costs no more for each line than a short one.
 */
import {
  closesFence,
  type Fence,
  fenceOf,
  htmlEndOf,
  indentOf,
  isBlank,
  isHeading,
  isQuote,
  isRule,
  isTableDelimiter,
  isUnderline,
  isWholeMath,
  itemOf,
  type ListItem,
  mathEndOf,
} from './line-kind.js';

interface AnyBlock {
  /** A blank line, or more, stands before it. */
  readonly hasGap: boolean;
}

/** Everything that needs no more than itself; mostly one paragraph, heading, table, quote. */
interface TextBlock extends AnyBlock {
  readonly kind: 'text';
  readonly text: string;
}

/** An item of a list with all that belongs to it, lists too. */
export interface ItemBlock extends AnyBlock {
  readonly kind: 'item';
  readonly text: string;
  /** Counted from the first item on; undefined where the list is not numbered. */
  readonly number: number | undefined;
}

/** Code, or as much of it as was taken at once. */
export interface CodeBlock extends AnyBlock {
  readonly kind: 'code';
  readonly language: string;
  readonly code: string;
  /** The lines before, where this is not the first part; a bounded number. */
  readonly before: string;
}

/** A formula: nothing in it means what it means in Markdown. */
interface VerbatimBlock extends AnyBlock {
  readonly kind: 'verbatim';
  readonly text: string;
}

export type Block = TextBlock | ItemBlock | CodeBlock | VerbatimBlock;

/** What a line has brought to an end. */
interface Step {
  /** The block that was open, without this line. */
  readonly closed?: Block;
  /** The block that ends with this line. */
  readonly complete?: Block;
}

/** Of a line, to the block that is open: it belongs to it, it ends it and belongs to it, it is of another one. */
type Verdict = 'joins' | 'ends' | 'leaves';

type Kind = 'paragraph' | 'table' | 'quote' | 'indented' | 'item' | 'code' | 'html' | 'math';

interface Open {
  kind: Kind;
  readonly hasGap: boolean;
  readonly lines: string[];
  /** Of code; in an item, of the code that is open in it. */
  fence?: Fence | undefined;
  readonly item?: ListItem;
  readonly number?: number | undefined;
  /** Where HTML and formulas end; without it, HTML ends with a blank line. */
  readonly end?: string | undefined;
  /** The last lines of code that were taken already. */
  before?: string;
}

interface ListPlace {
  readonly bullet: string;
  readonly start: number | undefined;
  readonly items: number;
}

const CODE_INDENT = 4;
/** What is highlighted again with the next part of long code, so that a comment over several lines is known as one. */
const BEFORE_LINES_MAX = 100;

export class Blocks {
  #open: Open | undefined;
  #hasGap = false;
  #list: ListPlace | undefined;

  /** Whether the last line belongs to a block that may go on. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Whether what is open is code, whose lines so far can be taken. */
  get isCode(): boolean {
    return this.#open?.kind === 'code';
  }

  /** Whether a blank line stands before the open block or, where none is, before the next one. */
  get hasGap(): boolean {
    return this.#open?.hasGap ?? this.#hasGap;
  }

  /** `line` without its end. */
  line(line: string): Step {
    const open = this.#open;
    if (!open) return this.#begin(line);
    const verdict = verdictOf(open, line);
    if (verdict === 'leaves') {
      const closed = this.#close(open);
      return { closed, ...this.#begin(line) };
    }
    open.lines.push(line);
    return verdict === 'ends' ? { complete: this.#close(open) } : {};
  }

  /** The lines of the open code so far; what follows is a block of its own. */
  takeCode(): Block | undefined {
    const open = this.#open;
    if (open?.kind !== 'code' || !open.fence) return undefined;
    const block = blockOf(open);
    const seen = [...(open.before ?? '').split('\n').slice(0, -1), ...codeLines(open, open.fence)];
    const before = seen.slice(-BEFORE_LINES_MAX).map((line) => `${line}\n`);
    this.#open = { kind: 'code', hasGap: false, lines: [], fence: open.fence, before: before.join('') };
    return block;
  }

  /** The text is over. */
  end(): Block | undefined {
    return this.#open && this.#close(this.#open);
  }

  #close(open: Open): Block {
    this.#open = undefined;
    this.#hasGap = open.kind !== 'code' && isBlank(open.lines.at(-1) ?? '');
    return blockOf(open);
  }

  #begin(line: string): Step {
    if (isBlank(line)) {
      this.#hasGap = true;
      return {};
    }
    const open = opened(line, this.#hasGap, this.#list);
    this.#list = open.item && { bullet: open.item.bullet, ...this.#placeOf(open) };
    this.#open = open;
    this.#hasGap = false;
    return endsAtOnce(open, line) ? { complete: this.#close(open) } : {};
  }

  #placeOf({ item, number }: Open): Pick<ListPlace, 'start' | 'items'> {
    const list = this.#list;
    const isNext = list !== undefined && list.bullet === item?.bullet;
    return isNext ? { start: list.start, items: list.items + 1 } : { start: number, items: 1 };
  }
}

/** All blocks of a text that is known to its end. */
export function blocksOf(text: string): readonly Block[] {
  const blocks = new Blocks();
  const found = text.split('\n').flatMap((line) => {
    const { closed, complete } = blocks.line(line);
    return [closed, complete];
  });
  return [...found, blocks.end()].filter((block) => block !== undefined);
}

function opened(line: string, hasGap: boolean, list: ListPlace | undefined): Open {
  const base = { hasGap, lines: [line] };
  if (indentOf(line) >= CODE_INDENT) return { ...base, kind: 'indented' };
  const fence = fenceOf(line);
  if (fence) return { ...base, kind: 'code', fence };
  const math = mathEndOf(line);
  if (math) return { ...base, kind: 'math', end: math };
  if (isQuote(line)) return { ...base, kind: 'quote' };
  const item = itemOf(line);
  if (item && !isRule(line)) {
    const isNext = list?.bullet === item.bullet && list.start !== undefined;
    return { ...base, kind: 'item', item, number: isNext ? (list.start ?? 0) + list.items : item.number };
  }
  const html = htmlEndOf(line);
  if (html) return { ...base, kind: 'html', end: html.text };
  return { ...base, kind: 'paragraph' };
}

function endsAtOnce({ kind, end }: Open, line: string): boolean {
  if (kind === 'paragraph') return isHeading(line) || isRule(line);
  if (kind === 'math') return end !== undefined && isWholeMath(line, end);
  return kind === 'html' && end !== undefined && line.toLowerCase().includes(end);
}

function verdictOf(open: Open, line: string): Verdict {
  switch (open.kind) {
    case 'code':
      return open.fence && closesFence(line, open.fence) ? 'ends' : 'joins';
    case 'math':
      // One that is never closed takes no more than its paragraph.
      return isBlank(line) ? 'leaves' : line.trimEnd().endsWith(open.end ?? '') ? 'ends' : 'joins';
    case 'html':
      if (open.end === undefined) return isBlank(line) ? 'leaves' : 'joins';
      return line.toLowerCase().includes(open.end) ? 'ends' : 'joins';
    case 'indented':
      return isBlank(line) || indentOf(line) >= CODE_INDENT ? 'joins' : 'leaves';
    case 'item':
      return itemVerdict(open, line);
    case 'quote':
      return isQuote(line) ? 'joins' : lazyVerdict(line);
    case 'table':
      return indentOf(line) >= CODE_INDENT || itemOf(line) ? 'leaves' : lazyVerdict(line);
    case 'paragraph':
      return paragraphVerdict(open, line);
  }
}

function paragraphVerdict(open: Open, line: string): Verdict {
  if (isUnderline(line)) return 'ends';
  // A paragraph before the head of the table stays with it.
  if (isTableDelimiter(line, open.lines.at(-1) ?? '')) open.kind = 'table';
  return lazyVerdict(line);
}

/** A line that is not marked as part of the block goes on with it, unless it begins another one. */
function lazyVerdict(line: string): Verdict {
  return isBlank(line) || interrupts(line) ? 'leaves' : 'joins';
}

/** Whether the line begins a block of its own where a paragraph could go on. */
function interrupts(line: string): boolean {
  if (indentOf(line) >= CODE_INDENT) return false;
  if (fenceOf(line) || isHeading(line) || isRule(line) || isQuote(line) || mathEndOf(line)) return true;
  const item = itemOf(line);
  if (item && !item.isEmpty && (item.number ?? 1) === 1) return true;
  const html = htmlEndOf(line);
  return html !== undefined && !html.isTag;
}

function itemVerdict(open: Open, line: string): Verdict {
  const { item, fence } = open;
  if (!item) return 'leaves';
  // Models forget to indent code in an item: what is between its fences stays together all the same.
  if (fence) {
    if (closesFence(line, fence)) open.fence = undefined;
    return 'joins';
  }
  if (isBlank(line)) return 'joins';
  if (indentOf(line) >= item.contentIndent) {
    open.fence = fenceOf(line);
    return 'joins';
  }
  const isAfterBlank = isBlank(open.lines.at(-1) ?? '');
  const isSibling = indentOf(line) < CODE_INDENT && itemOf(line) !== undefined;
  return isAfterBlank || isSibling ? 'leaves' : lazyVerdict(line);
}

function blockOf(open: Open): Block {
  const { kind, hasGap, lines, fence } = open;
  const text = lines.join('\n').trimEnd();
  if (kind === 'code' && fence) {
    const code = codeLines(open, fence).map((line) => `${line}\n`);
    return { kind: 'code', hasGap, language: fence.language, code: code.join(''), before: open.before ?? '' };
  }
  if (kind === 'item') return { kind, hasGap, text, number: open.number };
  return { kind: kind === 'math' ? 'verbatim' : 'text', hasGap, text };
}

/** Without the fences, and without the indentation that the opening one has. */
function codeLines({ lines, before }: Open, fence: Fence): readonly string[] {
  const inner = before === undefined ? lines.slice(1) : [...lines];
  if (closesFence(inner.at(-1) ?? '', fence)) inner.pop();
  const indent = new RegExp(`^ {0,${fence.indent}}`);
  return fence.indent === 0 ? inner : inner.map((line) => line.replace(indent, ''));
}
