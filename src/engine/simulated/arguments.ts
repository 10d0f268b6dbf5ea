/**
 * The command line of a llama-server, made fit for `gollama simulate`, so that a supervisor can start one in place of
 * the other. Options that mean nothing here are left out and named: a stand-in that refuses `-ngl 99` stands for nothing.
 * As in llama-server, an option that is said twice counts as said last.
 */

export interface SimulateArguments {
  readonly argv: string[];
  /** Options that were left out, with their values. */
  readonly ignored: string[];
}

/** The options that `simulate` knows, with their dashes. */
export interface KnownOptions {
  readonly values: ReadonlySet<string>;
  /** Those of `values` that may be said several times. */
  readonly repeatable: ReadonlySet<string>;
  readonly switches: ReadonlySet<string>;
}

/** llama-server's spellings of what `simulate` has. */
const SPELLINGS: Readonly<Record<string, string>> = {
  '-m': '--model',
  '-np': '--slots',
  '--parallel': '--slots',
  '-c': '--ctx-size',
  '-a': '--alias',
};

export function simulateArguments(argv: readonly string[], known: KnownOptions): SimulateArguments {
  let kept: (readonly string[])[] = [];
  const ignored: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? '';
    if (!argument.startsWith('-') || known.switches.has(argument)) {
      kept.push([argument]);
      continue;
    }
    const [written, inline] = splitOnce(argument);
    const name = SPELLINGS[written] ?? written;
    const value = inline ?? valueAt(argv, index + 1);
    if (inline === undefined && value !== undefined) index++;
    if (known.values.has(name) && fits(written, value)) {
      if (!known.repeatable.has(name)) kept = kept.filter(([earlier]) => earlier !== name);
      kept.push(value === undefined ? [name] : [name, value]);
    } else ignored.push(value === undefined || inline !== undefined ? argument : `${argument} ${value}`);
  }
  return { argv: kept.flat(), ignored };
}

/** `--slots` takes a number here and is a switch in llama-server. */
function fits(written: string, value: string | undefined): boolean {
  return written !== '--slots' || value !== undefined;
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
