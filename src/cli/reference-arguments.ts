/** The command line of the gollama that this one replaces: `gollama -config file.yaml`, with Go's single-dash flags. */

/** `argv` in this program's own spelling; anything that is not the old form stays as it is. */
export function translateReferenceArguments(argv: readonly string[]): string[] {
  const first = argv[0];
  if (first === 'serve') return ['serve', ...argv.slice(1).map(oneDash)];
  if (first !== undefined && isConfigFlag(first)) return ['serve', ...argv.map(oneDash)];
  return [...argv];
}

function isConfigFlag(argument: string): boolean {
  return /^--?config(=|$)/.test(argument);
}

function oneDash(argument: string): string {
  return argument.replace(/^-config(?==|$)/, '--config');
}
