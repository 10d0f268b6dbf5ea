/** Markdown as tokens, by `marked`; formulas stay as they are written. */
import { Lexer, Marked, type Token } from 'marked';
import type { MathToken } from './inline.js';

/** Longer text is shown as it is: what the lexer costs grows faster than the text in bad cases. */
const LEX_CHARACTERS_MAX = 32_768;
const DEFINITIONS_MAX = 200;
/** Quotes and lists in each other, so many in one line: nobody means it, and the lexer would go as deep. */
const TOO_DEEP = /^(?:[ \t]*(?:>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]))){20,}/m;

/** Of a bounded length: `\(x\)`, `\[x\]`, `$$x$$`, and `$x$` where the marks stand close to it, so that prices stay prices. */
const MATH = /^(?:\\\(.{1,500}?\\\)|\\\[.{1,500}?\\\]|\$\$[^$]{1,500}\$\$|\$(?!\s)[^$\n]{0,200}[^$\s\\]\$(?!\d))/s;
const MATH_START = /\\[([]|\$/;

const marked = new Marked({
  extensions: [
    {
      name: 'math',
      level: 'inline',
      start: (source) => {
        const at = source.search(MATH_START);
        return at < 0 ? undefined : at;
      },
      tokenizer(source): MathToken | undefined {
        const [raw] = MATH.exec(source) ?? [];
        return raw === undefined ? undefined : { type: 'math', raw };
      },
    },
  ],
});

/** Reads the blocks of one text; what links are called in one of them is known in those behind it. */
export class BlockLexer {
  readonly #definitions = new Map<string, { readonly href: string; readonly title: string | null | undefined }>();

  read(text: string): readonly Token[] {
    if (text.length > LEX_CHARACTERS_MAX || TOO_DEEP.test(text)) return asItIs(text);
    const lexer = new Lexer(marked.defaults);
    Object.assign(lexer.tokens.links, Object.fromEntries(this.#definitions));
    const tokens = lexed(lexer, text);
    for (const [tag, { href, title }] of Object.entries(lexer.tokens.links)) {
      if (this.#definitions.size < DEFINITIONS_MAX) this.#definitions.set(tag, { href, title });
    }
    return tokens;
  }
}

/** The lexer goes as deep as emphasis in emphasis does, and the stack is only so deep. */
function lexed(lexer: Lexer, text: string): readonly Token[] {
  try {
    return lexer.lex(text);
  } catch (thrown) {
    if (thrown instanceof RangeError) return asItIs(text);
    throw thrown;
  }
}

function asItIs(text: string): readonly Token[] {
  return [{ type: 'html', raw: text, text, block: true }];
}
