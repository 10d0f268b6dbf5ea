/** When a typed text is whole, and what it then says: blocks in `"""`, and a `\` at the end that asks for another line. */

export type Entry =
  | { readonly kind: 'whole'; readonly text: string }
  /** A line break is what Enter means; the text is without the mark that asked for it. */
  | { readonly kind: 'open'; readonly text: string };

const QUOTES = '"""';
/** A block may also be what a command is given: `/system """`. */
const BLOCK = /^\s*(\/\S+\s+(?:\S+\s+)?)?"""/;

/** What Enter means for the text. */
export function readEntry(text: string): Entry {
  const block = BLOCK.exec(text);
  if (block) return readBlock(text, block);
  // An even number of them is text that ends so, such as a path.
  const slashes = /\\+$/.exec(text)?.[0].length ?? 0;
  if (slashes % 2 === 1) return { kind: 'open', text: text.slice(0, -1) };
  return { kind: 'whole', text };
}

function readBlock(text: string, begin: RegExpExecArray): Entry {
  const inside = text.slice(begin[0].length).trimEnd();
  if (!inside.endsWith(QUOTES)) return { kind: 'open', text };
  const told = inside
    .slice(0, -QUOTES.length)
    .replace(/^[ \t]*\n/, '')
    .replace(/\n[ \t]*$/, '');
  return { kind: 'whole', text: (begin[1] ?? '') + told };
}
