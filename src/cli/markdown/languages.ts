/** The languages of code that highlight.js is asked for. */
import { createRequire } from 'node:module';

// The release has them in itself: bin/bundle/own-files.js takes this line out, and puts there what is required by its name.
const require = createRequire(import.meta.url);

export interface Language {
  readonly name: string;
  /** What highlight.js registers. It is loaded then. */
  readonly definition: () => unknown;
}

/** What is used of highlight.js; its own types would bring those of browsers into the whole program. */
export interface HighlightJs {
  getLanguage(name: string): object | undefined;
  registerLanguage(name: string, definition: unknown): void;
  highlight(code: string, options: { readonly language: string; readonly ignoreIllegals: boolean }): { value: string };
}

export function loadHighlightJs(): HighlightJs {
  return require('highlight.js/lib/core') as HighlightJs;
}

/** The names in fences, and the module. */
const LANGUAGES: readonly (readonly [string, () => unknown])[] = [
  ['bash sh zsh shell console terminal shellsession', () => require('highlight.js/lib/languages/bash')],
  ['c h', () => require('highlight.js/lib/languages/c')],
  ['cpp c++ cc cxx hpp', () => require('highlight.js/lib/languages/cpp')],
  ['csharp cs c#', () => require('highlight.js/lib/languages/csharp')],
  ['css scss', () => require('highlight.js/lib/languages/css')],
  ['diff patch', () => require('highlight.js/lib/languages/diff')],
  ['dockerfile docker', () => require('highlight.js/lib/languages/dockerfile')],
  ['go golang', () => require('highlight.js/lib/languages/go')],
  ['ini toml conf properties', () => require('highlight.js/lib/languages/ini')],
  ['java', () => require('highlight.js/lib/languages/java')],
  ['javascript js jsx mjs cjs node', () => require('highlight.js/lib/languages/javascript')],
  ['json jsonc json5 jsonl', () => require('highlight.js/lib/languages/json')],
  ['kotlin kt', () => require('highlight.js/lib/languages/kotlin')],
  ['lua', () => require('highlight.js/lib/languages/lua')],
  ['makefile make mk', () => require('highlight.js/lib/languages/makefile')],
  ['markdown md', () => require('highlight.js/lib/languages/markdown')],
  ['php', () => require('highlight.js/lib/languages/php')],
  ['python py python3 pycon', () => require('highlight.js/lib/languages/python')],
  ['ruby rb', () => require('highlight.js/lib/languages/ruby')],
  ['rust rs', () => require('highlight.js/lib/languages/rust')],
  ['sql mysql postgresql sqlite', () => require('highlight.js/lib/languages/sql')],
  ['swift', () => require('highlight.js/lib/languages/swift')],
  ['typescript ts tsx mts cts', () => require('highlight.js/lib/languages/typescript')],
  ['xml html svg vue', () => require('highlight.js/lib/languages/xml')],
  ['yaml yml', () => require('highlight.js/lib/languages/yaml')],
];

const BY_NAME = new Map(
  LANGUAGES.flatMap(([names, definition]) => {
    const [name = '', ...others] = names.split(' ');
    return [name, ...others].map((known) => [known, { name, definition }] as const);
  }),
);

/** By any of its names, as it stands behind a fence; undefined where it is not known. */
export function languageNamed(name: string): Language | undefined {
  return BY_NAME.get(name.toLowerCase());
}
