/** Text of a server that ends up on terminals and in logs of CI jobs: it must not steer them. */

const CHARACTERS_MAX = 400;
/** Controls, line breaks, and what turns the direction of writing. */
const STEERING = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

export function printable(text: string): string {
  return text.slice(0, CHARACTERS_MAX).replace(STEERING, '\ufffd');
}
