/** Blocks of Markdown as lines for a terminal. Text of a model cannot steer it; without colour there is no escape code at all. */
import type { MarkedToken, Token, Tokens } from 'marked';
import { printableLines } from '../../base/printable.js';
import { displayWidth } from '../terminal/display-width.js';
import type { Style } from '../terminal/style.js';
import { type Block, blocksOf, type CodeBlock, type ItemBlock } from './blocks.js';
import { Highlighter } from './highlight.js';
import { inlineSpans } from './inline.js';
import { BlockLexer } from './lexer.js';
import { hang, paintRow, plain, type Row, type Span, wrapSpans } from './span.js';
import { tableRows } from './table.js';

/** Wider lines are hard to read. Code and tables take what there is. */
const TEXT_WIDTH_MAX = 100;
const RULE_WIDTH_MAX = 40;
const CODE_MARGIN = plain('  ');
const QUOTE_MARGIN: Span = { text: '│ ', styles: ['dim'] };
const BULLETS = ['•', '◦', '▪'];
const WIDTH_MIN = 10;

/** Renders the blocks of one text, in their order. */
export class MarkdownRenderer {
  readonly #style: Style;
  readonly #highlighter: Highlighter;
  readonly #lexer = new BlockLexer();

  constructor(style: Style, highlighter = new Highlighter()) {
    this.#style = style;
    this.#highlighter = highlighter;
  }

  /** For a terminal of `width` columns. Lines of code may be longer; the terminal wraps them, so that they can be copied. */
  lines(block: Block, width: number): readonly string[] {
    return this.#rows(block, Math.max(WIDTH_MIN, width)).map((row) => paintRow(row, this.#style));
  }

  #rows(block: Block, width: number): readonly Row[] {
    switch (block.kind) {
      case 'code':
        return this.#code(block);
      case 'verbatim':
        return wrapSpans([plain(printableLines(block.text))], width);
      case 'item':
        return this.#item(block, width);
      case 'text':
        return this.#blocks(this.#lexer.read(printableLines(block.text)), width, 0);
    }
  }

  #code({ code, language, before }: CodeBlock): readonly Row[] {
    const lines = printableLines(code).replace(/\n$/, '');
    if (lines === '' && code === '') return [];
    const rows = this.#style.hasColor
      ? this.#highlighter.rows(lines, language, printableLines(before))
      : lines.split('\n').map((line) => [plain(line)]);
    return hang(rows.map(withoutTabs), CODE_MARGIN, CODE_MARGIN);
  }

  #item({ text, number }: ItemBlock, width: number): readonly Row[] {
    const margin = plain(' '.repeat(text.search(/\S/)));
    const tokens = this.#lexer.read(printableLines(text));
    const rows = this.#blocks(tokens, width - margin.text.length, 0, number);
    return hang(rows, margin, margin);
  }

  #blocks(tokens: readonly Token[], width: number, depth: number, number?: number): readonly Row[] {
    const rows: Row[] = [];
    let hasGap = false;
    for (const token of tokens as readonly MarkedToken[]) {
      const shown = this.#block(token, width, depth, number);
      if (hasGap && rows.length > 0 && shown.length > 0) rows.push([]);
      if (shown.length > 0) hasGap = false;
      rows.push(...shown);
      hasGap ||= /\n[ \t]*\n[ \t]*$/.test(token.raw) || token.type === 'space';
    }
    return rows;
  }

  #block(token: MarkedToken, width: number, depth: number, number?: number): readonly Row[] {
    const textWidth = Math.min(width, TEXT_WIDTH_MAX);
    switch (token.type) {
      case 'space':
        return [];
      case 'heading':
        return wrapSpans(this.#heading(token), textWidth);
      case 'paragraph':
        return wrapSpans(inlineSpans(token.tokens, this.#style.hasColor), textWidth);
      case 'code':
        return this.#code({
          kind: 'code',
          hasGap: false,
          language: token.lang ?? '',
          code: `${token.text}\n`,
          before: '',
        });
      case 'blockquote':
        return hang(this.#blocks(token.tokens, width - 2, depth), QUOTE_MARGIN, QUOTE_MARGIN);
      case 'list':
        return this.#list(token, width, depth, number);
      case 'table':
        return tableRows(token, width, this.#style.hasColor);
      case 'hr':
        return [[{ text: '─'.repeat(Math.min(width, RULE_WIDTH_MAX)), styles: ['dim'] }]];
      case 'def':
        return wrapSpans([{ text: token.raw.trim(), styles: ['dim'] }], textWidth);
      case 'html':
        return wrapSpans([plain(printableLines(token.raw.trimEnd()))], textWidth);
      default:
        return wrapSpans(inlineSpans([token], this.#style.hasColor), textWidth);
    }
  }

  #heading({ depth, tokens }: Tokens.Heading): readonly Span[] {
    const text = inlineSpans(tokens, this.#style.hasColor, depth === 1 ? ['bold', 'underline'] : ['bold']);
    return [{ text: `${'#'.repeat(depth)} `, styles: ['dim'] }, ...text];
  }

  /** `number` of the first item where the list began in a block before. */
  #list({ ordered, start, items }: Tokens.List, width: number, depth: number, number?: number): readonly Row[] {
    const first = number ?? (start === '' ? 1 : start);
    const bullet = BULLETS[Math.min(depth, BULLETS.length - 1)] ?? '';
    return items.flatMap(({ tokens, raw }, at) => {
      const marker = ordered ? `${first + at}. ` : `${bullet} `;
      const margin = displayWidth(marker);
      const rows = this.#blocks(itemTokens(tokens), width - margin, depth + 1);
      const item = hang(rows.length > 0 ? rows : [[]], plain(marker), plain(' '.repeat(margin)));
      return at < items.length - 1 && /\n[ \t]*\n$/.test(raw) ? [...item, []] : item;
    });
  }
}

/** A whole text at once. */
export function renderMarkdown(text: string, width: number, style: Style): string {
  const renderer = new MarkdownRenderer(style);
  let rendered = '';
  for (const block of blocksOf(printableLines(text))) {
    if (block.hasGap && rendered !== '') rendered += '\n';
    for (const line of renderer.lines(block, width)) rendered += `${line}\n`;
  }
  return rendered;
}

/** A checkbox stands before the text of its item, in the same line. */
function itemTokens(tokens: readonly Token[]): readonly Token[] {
  const [box, text, ...others] = tokens;
  if (box?.type !== 'checkbox' || !text) return tokens;
  const inner = 'tokens' in text && text.tokens ? text.tokens : [];
  if (text.type === 'text' || text.type === 'paragraph') return [{ ...text, tokens: [box, ...inner] }, ...others];
  return tokens;
}

const TAB = '    ';

function withoutTabs(row: Row): Row {
  return row.map(({ text, styles }) => ({ text: text.replaceAll('\t', TAB), styles }));
}
