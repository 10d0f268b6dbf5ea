/** Text of a server that ends up in records, in reports and in logs of CI jobs. */
import { printable } from '../src/base/printable.js';

const CHARACTERS_MAX = 400;

export function shortText(text: string): string {
  return printable(text.slice(0, CHARACTERS_MAX));
}
