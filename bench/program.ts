/** A file of this folder as a program of its own: compiled beside the caller, or TypeScript where the caller is. */

export interface Program {
  readonly url: URL;
  /** What Node needs to run it. */
  readonly execArgv: string[];
}

/** `name` without its ending, relative to the caller, whose `import.meta.url` is `caller`. */
export function programBeside(caller: string, name: string): Program {
  const isSource = caller.endsWith('.ts');
  return {
    url: new URL(`./${name}${isSource ? '.ts' : '.js'}`, caller),
    execArgv: isSource ? ['--import', 'tsx'] : [],
  };
}
