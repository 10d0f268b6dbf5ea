/** The words of a command: between blanks, or in quotes. Pure. */

const WORD = /"([^"]*)"?|'([^']*)'?|((?:\\.|[^\s\\])+)/g;

export function wordsOf(argument: string): readonly string[] {
  return [...argument.matchAll(WORD)].map(([, double, single, bare]) => double ?? single ?? unescaped(bare ?? ''));
}

/** So that `wordsOf` gives it back. */
export function quoted(word: string): string {
  if (!/[\s"'\\]/.test(word)) return word;
  return word.includes('"') ? word.replace(/[\s"'\\]/g, (character) => `\\${character}`) : `"${word}"`;
}

/** The word at the end, as far as it is typed, and where it begins. */
export function lastWord(text: string): { readonly word: string; readonly start: number } {
  let last: RegExpExecArray | undefined;
  for (const match of text.matchAll(WORD)) last = match;
  const isOpen = last !== undefined && last.index + last[0].length === text.length;
  if (!isOpen || !last) return { word: '', start: text.length };
  return { word: last[1] ?? last[2] ?? unescaped(last[3] ?? ''), start: last.index };
}

function unescaped(word: string): string {
  return word.replace(/\\(.)/g, '$1');
}
