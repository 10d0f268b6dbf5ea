/** What stands inside a line of Markdown, as text with looks. */
import type { MarkedToken, Token } from 'marked';
import { printable, printableLines } from '../../base/printable.js';
import type { StyleName } from '../terminal/style.js';
import type { Span } from './span.js';

type Styles = readonly StyleName[];

/** `hasColor`: without it, what is code keeps its marks, since nothing else shows that it is. */
export function inlineSpans(tokens: readonly Token[], hasColor: boolean, styles: Styles = []): readonly Span[] {
  const spans: Span[] = [];
  for (const token of tokens) {
    const [first, ...others] = spansOf(token as MarkedToken | MathToken, hasColor, styles);
    if (!first) continue;
    const isFirstOfLine = spans.at(-1)?.text === '\n';
    spans.push(isFirstOfLine ? { ...first, text: first.text.trimStart() } : first, ...others);
  }
  return spans;
}

export interface MathToken {
  readonly type: 'math';
  readonly raw: string;
}

function spansOf(token: MarkedToken | MathToken, hasColor: boolean, styles: Styles): readonly Span[] {
  const inside = (tokens: readonly Token[], more: Styles) => inlineSpans(tokens, hasColor, [...styles, ...more]);
  switch (token.type) {
    case 'strong':
      return inside(token.tokens, ['bold']);
    case 'em':
      return inside(token.tokens, ['italic']);
    case 'del':
      return inside(token.tokens, ['strikethrough']);
    case 'codespan':
      return [{ text: hasColor ? printable(token.text) : `\`${printable(token.text)}\``, styles: [...styles, 'cyan'] }];
    case 'link':
      return linkSpans(token.href, inside(token.tokens, ['underline']), styles);
    case 'image':
      return linkSpans(token.href, [{ text: `[image] ${decoded(token.text)}`.trimEnd(), styles }], styles);
    case 'br':
      return [{ text: '\n', styles }];
    case 'html':
      return [{ text: /^<br\s*\/?>$/i.test(token.raw) ? '\n' : printableLines(token.raw), styles }];
    case 'checkbox':
      return [{ text: token.checked ? '[x] ' : '[ ] ', styles }];
    case 'escape':
      return [{ text: printable(token.text), styles }];
    case 'text':
      return token.tokens ? inside(token.tokens, []) : [{ text: decoded(token.text), styles }];
    default:
      return [{ text: printableLines(token.raw), styles }];
  }
}

/** `text (url)`, and the address alone where it is the text. */
function linkSpans(href: string, text: readonly Span[], styles: Styles): readonly Span[] {
  const shown = text.map((span) => span.text).join('');
  const address = decoded(href);
  if (address === '' || shown === address || `mailto:${shown}` === address || shown === '') {
    return shown === '' && address !== '' ? [{ text: address, styles: [...styles, 'underline'] }] : text;
  }
  return [...text, { text: ` (${address})`, styles: [...styles, 'dim'] }];
}

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  copy: '©',
  deg: '°',
  hellip: '…',
  laquo: '«',
  larr: '←',
  ldquo: '“',
  lsquo: '‘',
  mdash: '—',
  middot: '·',
  ndash: '–',
  para: '¶',
  plusmn: '±',
  raquo: '»',
  rarr: '→',
  rdquo: '”',
  reg: '®',
  rsquo: '’',
  sect: '§',
  times: '×',
};
const REFERENCE = /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,8}));/gi;
const CODE_POINT_MAX = 0x10ffff;

/** With its character references resolved; what they stand for must not steer the terminal either. */
function decoded(text: string): string {
  const resolved = text.replace(REFERENCE, (reference: string, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return Object.hasOwn(NAMED, name) ? (NAMED[name] ?? reference) : reference;
    const point = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    return point > 0 && point <= CODE_POINT_MAX ? printable(String.fromCodePoint(point)) : reference;
  });
  return printableLines(resolved);
}
