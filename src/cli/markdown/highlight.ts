/** The looks of code, by highlight.js. A language is loaded when the first code in it is shown; one that is not known is plain. */
import type { StyleName } from '../terminal/style.js';
import { type HighlightJs, type Language, languageNamed, loadHighlightJs } from './languages.js';
import { plain, type Row, type Span } from './span.js';

/** By the first word of highlight.js' class; what is not named looks like text. */
const LOOKS: Readonly<Record<string, readonly StyleName[]>> = {
  addition: ['green'],
  attr: ['cyan'],
  attribute: ['cyan'],
  built_in: ['cyan'],
  bullet: ['yellow'],
  code: ['cyan'],
  comment: ['gray'],
  deletion: ['red'],
  doctag: ['gray'],
  emphasis: ['italic'],
  keyword: ['magenta'],
  link: ['underline'],
  literal: ['yellow'],
  meta: ['gray'],
  name: ['blue'],
  number: ['yellow'],
  property: ['cyan'],
  quote: ['gray'],
  regexp: ['red'],
  section: ['bold'],
  'selector-class': ['blue'],
  'selector-id': ['blue'],
  'selector-tag': ['magenta'],
  string: ['green'],
  strong: ['bold'],
  symbol: ['yellow'],
  tag: ['blue'],
  'template-variable': ['yellow'],
  title: ['blue'],
  type: ['cyan'],
  variable: ['yellow'],
};

const CODE_CHARACTERS_MAX = 50_000;
const PIECE = /<span class="hljs-([\w-]+)[^"]*">|(<span[^>]*>)|(<\/span>)|&(amp|lt|gt|quot|#x27);|([^<&]+|[<&])/g;
const CHARACTERS: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#x27': "'" };

export class Highlighter {
  #core: HighlightJs | undefined;

  /** A row for each line of `code`. `before` is what stands before it, for what begins there and goes on here. */
  rows(code: string, language: string, before = ''): readonly Row[] {
    const known = languageNamed(language);
    if (known === undefined || code.length + before.length > CODE_CHARACTERS_MAX) {
      return code.split('\n').map((line) => [plain(line)]);
    }
    const { value } = this.#with(known).highlight(before + code, { language: known.name, ignoreIllegals: true });
    return rowsOf(value).slice(before.split('\n').length - 1);
  }

  #with({ name, definition }: Language): HighlightJs {
    this.#core ??= loadHighlightJs();
    if (!this.#core.getLanguage(name)) this.#core.registerLanguage(name, definition());
    return this.#core;
  }
}

/** highlight.js tells the looks as HTML. */
function rowsOf(html: string): readonly Row[] {
  const looks: (readonly StyleName[])[] = [];
  const rows: Span[][] = [[]];
  for (const [, look, other, end, reference, text] of html.matchAll(PIECE)) {
    if (look !== undefined) looks.push(LOOKS[look] ?? looks.at(-1) ?? []);
    else if (other !== undefined) looks.push(looks.at(-1) ?? []);
    else if (end !== undefined) looks.pop();
    else addText(rows, reference === undefined ? (text ?? '') : (CHARACTERS[reference] ?? ''), looks.at(-1) ?? []);
  }
  return rows;
}

function addText(rows: Span[][], text: string, styles: readonly StyleName[]): void {
  for (const [at, line] of text.split('\n').entries()) {
    if (at > 0) rows.push([]);
    if (line !== '') rows.at(-1)?.push({ text: line, styles });
  }
}
