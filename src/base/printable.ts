/** Text of other people that ends up on a terminal or in a log: it must not steer them. */

/** Controls, line breaks, and what turns the direction of writing. */
const STEERING = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const STEERING_BUT_LINES = /(?![\n\t])[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const SUBSTITUTE = '\ufffd';

/** On one line. */
export function printable(text: string): string {
  return text.replace(STEERING, SUBSTITUTE);
}

/** With its lines and tabs. */
export function printableLines(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(STEERING_BUT_LINES, SUBSTITUTE);
}
