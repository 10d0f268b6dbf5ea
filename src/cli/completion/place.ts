/** Where on the command line the cursor stands, and so what may be typed there. Pure. */
import {
  commandNamed,
  flagTyped,
  isTopic,
  type Known,
  type KnownArgument,
  type KnownCommand,
  type KnownFlag,
} from './known-command.js';

export type Place =
  /** A command, or a word of one, below the words that stand already. */
  | { readonly kind: 'command'; readonly below: readonly string[]; readonly typed: string }
  | {
      readonly kind: 'flag';
      readonly command: KnownCommand;
      readonly given: readonly KnownFlag[];
      readonly typed: string;
    }
  | {
      readonly kind: 'value';
      readonly command: KnownCommand;
      readonly flag: KnownFlag;
      /** What of the word stands before the value: `--flag=`, or nothing. */
      readonly before: string;
      readonly typed: string;
    }
  | {
      readonly kind: 'argument';
      readonly command: KnownCommand;
      /** undefined: the command takes no more of them. */
      readonly argument: KnownArgument | undefined;
      readonly given: readonly string[];
      readonly typed: string;
    };

/** The flags and arguments of a command that stand before the cursor. */
interface Before {
  readonly flags: KnownFlag[];
  /** Their values, the last one given counts. */
  readonly values: Map<string, string>;
  readonly words: string[];
  /** The flag whose value comes next. */
  awaiting: KnownFlag | undefined;
  areFlagsOver: boolean;
}

/** `words` are those behind the program's name, the last one being that of the cursor, up to it; it may be empty. */
export function placeOf(words: readonly string[], known: Known): Place {
  const typed = words.at(-1) ?? '';
  const { command, rest, below } = commandOf(words.slice(0, -1), known);
  if (!command) return { kind: 'command', below, typed };
  const { flags, words: given, awaiting, areFlagsOver } = read(rest, command);
  if (awaiting) return { kind: 'value', command, flag: awaiting, before: '', typed };
  if (!areFlagsOver && typed.startsWith('-')) {
    const equals = typed.indexOf('=');
    const flag = equals < 0 ? undefined : flagTyped(command, typed.slice(0, equals));
    if (!flag) return { kind: 'flag', command, given: flags, typed };
    return { kind: 'value', command, flag, before: typed.slice(0, equals + 1), typed: typed.slice(equals + 1) };
  }
  const all = Object.values(command.args);
  const argument = all[given.length] ?? (command.strict === false ? all.at(-1) : undefined);
  return { kind: 'argument', command, argument, given, typed };
}

/** The values of flags before the cursor, such as that of `--server`. */
export function valuesGiven(words: readonly string[], known: Known): ReadonlyMap<string, string> {
  const { command, rest } = commandOf(words.slice(0, -1), known);
  return command ? read(rest, command).values : new Map();
}

/** The longest run of words that is a command, and what stands behind it; without one, the words of the topic. */
function commandOf(words: readonly string[], known: Known) {
  const firstFlag = words.findIndex((word) => word.startsWith('-'));
  const plain = firstFlag < 0 ? words : words.slice(0, firstFlag);
  for (let count = plain.length; count > 0; count -= 1) {
    const command = commandNamed(known, plain.slice(0, count));
    if (command) return { command, rest: words.slice(count), below: [] };
  }
  return { command: undefined, rest: [], below: isTopic(known, words) ? words : ['', ...words] };
}

function read(words: readonly string[], command: KnownCommand): Before {
  const before: Before = { flags: [], values: new Map(), words: [], awaiting: undefined, areFlagsOver: false };
  for (const word of words) step(before, word, command);
  return before;
}

function step(before: Before, word: string, command: KnownCommand): void {
  if (before.awaiting) {
    before.values.set(before.awaiting.name, word);
    before.awaiting = undefined;
  } else if (word === '--' && !before.areFlagsOver) {
    before.areFlagsOver = true;
  } else if (word.startsWith('-') && word !== '-' && !before.areFlagsOver) {
    const [name = '', value] = word.split(/=(.*)/s);
    const flag = flagTyped(command, name);
    if (!flag) return;
    before.flags.push(flag);
    if (value !== undefined) before.values.set(flag.name, value);
    else if (flag.type === 'option') before.awaiting = flag;
  } else {
    before.words.push(word);
  }
}
