/** `~` and `~/...` as the home folder; `~name` stays as it is. */
export function expandHome(text: string, home: string): string {
  return /^~(?=$|\/)/.test(text) ? home + text.slice(1) : text;
}

/** As `expandHome`, also where the path follows the `=` of an option: `--model=~/models/a.gguf`. */
export function expandHomeInArgument(argument: string, home: string): string {
  const option = /^--?[\w-]+=(?=~(?:$|\/))/.exec(argument)?.[0] ?? '';
  return option + expandHome(argument.slice(option.length), home);
}
