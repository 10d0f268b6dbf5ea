/** The command line of a test program that people start by hand. */
import { messageOf } from '../../src/base/errors.js';

const EXIT_CODE_USAGE = 2;

/** Its options; or its exit code, where it was asked for help, or for what it does not know. */
export function optionsOr<Options extends object>(
  read: (argv: readonly string[]) => Options | 'help',
  usage: string,
): Options | number {
  try {
    const options = read(process.argv.slice(2));
    if (options !== 'help') return options;
    process.stdout.write(`${usage}\n`);
    return 0;
  } catch (thrown) {
    process.stderr.write(`error: ${messageOf(thrown)}\n\n${usage}\n`);
    return EXIT_CODE_USAGE;
  }
}
