/** Words as bash hands them over: as they were typed, with their quotes. */

/** Without quotes and backslashes; an open quote is no fault, it is what the cursor stands in. */
export function unquoted(word: string): string {
  let text = '';
  let quote = '';
  for (let at = 0; at < word.length; at += 1) {
    const character = word.charAt(at);
    const next = word.charAt(at + 1);
    const isEscape = quote === '' ? true : quote === '"' && /["\\$`]/.test(next);
    if (character === '\\' && quote !== "'" && next !== '' && isEscape) {
      text += next;
      at += 1;
    } else if (quote === '' && (character === '"' || character === "'")) {
      quote = character;
    } else if (character === quote) {
      quote = '';
    } else {
      text += character;
    }
  }
  return text;
}
