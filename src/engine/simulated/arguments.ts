/**
 * The command line of a llama-server, made fit for `gollama simulate`, so that a supervisor can start one in place of
 * the other. Options that mean nothing here are left out and named: a stand-in that refuses `-ngl 99` stands for nothing.
 */

export interface SimulateArguments {
  readonly argv: string[];
  /** Options that were left out, with their values. */
  readonly ignored: string[];
}

/** llama-server's spellings of what `simulate` has. */
const SPELLINGS: Readonly<Record<string, string>> = {
  '-m': '--model',
  '-np': '--parallel',
  '-c': '--ctx-size',
  '-a': '--alias',
};

/** `values` and `switches`: the options that `simulate` knows, with their dashes. */
export function simulateArguments(
  argv: readonly string[],
  known: { readonly values: ReadonlySet<string>; readonly switches: ReadonlySet<string> },
): SimulateArguments {
  const kept: string[] = [];
  const ignored: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? '';
    const [written = '', inline] = splitOnce(argument);
    const name = SPELLINGS[written] ?? written;
    const next = inline ?? valueAt(argv, index + 1);
    if (!argument.startsWith('-') || known.switches.has(argument)) kept.push(argument);
    else if (known.values.has(name) && fits(name, next)) {
      kept.push(name, ...(next === undefined ? [] : [next]));
      if (inline === undefined && next !== undefined) index++;
    } else {
      ignored.push(next === undefined || inline !== undefined ? argument : `${argument} ${next}`);
      if (inline === undefined && next !== undefined) index++;
    }
  }
  return { argv: kept, ignored };
}

/** `--slots` takes a number here and is a switch in llama-server. */
function fits(name: string, value: string | undefined): boolean {
  return name !== '--slots' || (value !== undefined && /^\d+$/.test(value));
}

function splitOnce(argument: string): [string, string | undefined] {
  const at = argument.startsWith('--') ? argument.indexOf('=') : -1;
  return at < 0 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)];
}

/** What follows an option is its value, unless it looks like the next option; a negative number does not. */
function valueAt(argv: readonly string[], index: number): string | undefined {
  const next = argv[index];
  return next === undefined || /^-(?!\d)/.test(next) ? undefined : next;
}
