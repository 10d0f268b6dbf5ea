/**
 * The cells that text takes on a terminal, by string-width and wrap-ansi. They are loaded by the first text that is not plain:
 * that takes as long as a short command, and nearly all text is plain.
 */
import { createRequire } from 'node:module';

// The release has the packages in itself: bin/bundle/own-files.js takes this line out, and
// bin/bundle/lean-packages.js puts them into a file of their own.
const require = createRequire(import.meta.url);

let stringWidth: ((text: string) => number) | undefined;
let wrapAnsi: ((text: string, cells: number, options: { readonly hard: boolean }) => string) | undefined;

/** One cell for each character: neither wide nor combining ones, nor escape codes. */
const PLAIN = /^[ -~]*$/;

export function isPlain(text: string): boolean {
  return PLAIN.test(text);
}

/** Wide characters take two cells, combining ones and escape codes none. */
export function displayWidth(text: string): number {
  if (isPlain(text)) return text.length;
  stringWidth ??= (require('string-width') as typeof import('string-width')).default;
  return stringWidth(text);
}

/** In lines of `cells` at most, wrapped at words; a longer word is broken. */
export function wrapHard(text: string, cells: number): string {
  wrapAnsi ??= (require('wrap-ansi') as typeof import('wrap-ansi')).default;
  return wrapAnsi(text, cells, { hard: true });
}
