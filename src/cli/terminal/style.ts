/** Colour and the other looks of text: whether a stream has them, and what they are. */

/** Of `process.stdout` and `process.stderr`, that which counts here. */
export interface StyledStream {
  readonly isTTY?: boolean | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** What switches a look on and off again (SGR parameters of ECMA-48); only the 16 colours that every theme sets. */
const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  italic: [3, 23],
  underline: [4, 24],
  inverse: [7, 27],
  strikethrough: [9, 29],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
  gray: [90, 39],
} as const;

export type StyleName = keyof typeof CODES;

export interface Style extends Readonly<Record<StyleName, (text: string) => string>> {
  readonly hasColor: boolean;
  /** `text` in all of these looks; without colour, `text`. */
  paint(text: string, names: readonly StyleName[]): string;
}

/**
 * 1. `--no-color` switches it off. 2. `FORCE_COLOR` decides: `0` and `false` are off, anything else is on. 3. `NO_COLOR` and
 * `TERM=dumb` switch it off. 4. Otherwise a terminal has it, and nothing else.
 */
export function hasColor(stream: StyledStream, env: Environment, isWanted = true): boolean {
  if (!isWanted) return false;
  const { FORCE_COLOR, NO_COLOR, TERM } = env;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  if ((NO_COLOR ?? '') !== '' || TERM === 'dumb') return false;
  return stream.isTTY === true;
}

/** The looks of one stream; `isWanted` is false where `--no-color` was given. */
export function styleOf(stream: StyledStream, env: Environment, isWanted = true): Style {
  return createStyle(hasColor(stream, env, isWanted));
}

export function createStyle(isColored: boolean): Style {
  const paint = (text: string, names: readonly StyleName[]): string =>
    isColored && text !== '' ? names.reduceRight(painted, text) : text;
  const single = (name: StyleName) => (text: string) => paint(text, [name]);
  return {
    hasColor: isColored,
    paint,
    bold: single('bold'),
    dim: single('dim'),
    italic: single('italic'),
    underline: single('underline'),
    inverse: single('inverse'),
    strikethrough: single('strikethrough'),
    red: single('red'),
    green: single('green'),
    yellow: single('yellow'),
    blue: single('blue'),
    magenta: single('magenta'),
    cyan: single('cyan'),
    gray: single('gray'),
  };
}

/** A look inside `text` may end with the same code as this one: then this one begins again behind it. */
function painted(text: string, name: StyleName): string {
  const [on, off] = CODES[name].map((code) => `\u001b[${code}m`) as [string, string];
  return on + text.replaceAll(off, off + on) + off;
}
