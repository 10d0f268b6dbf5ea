/** See the file that it comes from. */
export { printable, printableLines } from '../base/printable.js';
