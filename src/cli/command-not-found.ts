/** oclif's hook for words that are no command: tells it as every command tells a failure. */
import { ERROR_CODES } from '../base/errors.js';
import { nearest } from '../base/nearest.js';
import type { CommandFailure } from './command-failure.js';
import { failureDocument, jsonText } from './json-document.js';

interface Asked {
  /** The words up to the first flag, joined by colons. */
  readonly id: string;
  readonly argv: readonly string[];
  readonly config: {
    readonly bin: string;
    readonly commands: readonly { readonly id: string; readonly hidden: boolean }[];
  };
}

/** What shells say of a command that they do not find. */
const UNKNOWN_COMMAND_EXIT_CODE = 127;
const USAGE_EXIT_CODE = ERROR_CODES.usage.exitCode;

/**
 * Ends the program.
 * @public oclif calls it
 */
export default function commandNotFound(this: { exit(exitCode: number): void }, asked: Asked): void {
  const { bin, commands } = asked.config;
  const known = commands.filter(({ hidden }) => !hidden).map(({ id }) => id.replaceAll(':', ' '));
  const typed = [asked.id, ...asked.argv];
  const failure = asked.id.startsWith('-')
    ? flagFirst(typed, known, bin)
    : unknownCommand(asked.id.split(':'), known, bin);
  if (typed.includes('--json')) process.stdout.write(jsonText(failureDocument(failure)));
  else process.stderr.write(`error: ${failure.message}\n  hint: ${failure.hint}\n`);
  this.exit(failure.exitCode);
}

/** `gollama --json status`: the flags of a command stand behind it. */
export function flagFirst(typed: readonly string[], known: readonly string[], bin: string): CommandFailure {
  const beginnings = new Set(known.map((command) => command.split(' ')[0]));
  const at = typed.findIndex((word) => beginnings.has(word));
  const inOrder = [bin, ...typed.slice(at), ...typed.slice(0, at)].join(' ');
  return {
    code: 'usage',
    message: `a command comes first, then its flags: ${typed[0]}`,
    hint: at < 0 ? `see: ${bin} --help` : `write it as: ${inOrder}`,
    exitCode: USAGE_EXIT_CODE,
  };
}

/** 1. Words behind a command that takes none; 2. no command. `known` are commands with spaces: `config check`. */
export function unknownCommand(words: readonly string[], known: readonly string[], bin: string): CommandFailure {
  for (let count = words.length - 1; count > 0; count -= 1) {
    const command = words.slice(0, count).join(' ');
    if (!known.includes(command)) continue;
    const message = `unexpected argument: ${words.slice(count).join(' ')}`;
    return { code: 'usage', message, hint: `see: ${bin} ${command} --help`, exitCode: USAGE_EXIT_CODE };
  }
  const meant = likelyMeant(words, known);
  const group = words[0] ?? '';
  const help = known.some((command) => command.startsWith(`${group} `)) ? `${bin} ${group} --help` : `${bin} --help`;
  return {
    code: 'usage',
    message: `"${words.join(' ')}" is no command`,
    hint: meant === undefined ? `see: ${help}` : `did you mean "${bin} ${meant}"?`,
    exitCode: UNKNOWN_COMMAND_EXIT_CODE,
  };
}

/**
 * What is near to a command of the group `command`, where a URL is expected: `bench comapre`. Undefined for what is none, and
 * for what can only be an address: it has a dot, a colon or a slash.
 */
export function misspeltSubcommand(
  word: string,
  command: string,
  known: readonly string[],
  bin: string,
): CommandFailure | undefined {
  if (/^-|[.:/]/.test(word)) return undefined;
  const beginning = `${command} `;
  const group = known.filter((one) => one.startsWith(beginning)).map((one) => one.slice(beginning.length));
  const meant = nearest(word, group);
  if (meant === undefined) return undefined;
  return {
    code: 'usage',
    message: `"${command} ${word}" is no command`,
    hint: `did you mean "${bin} ${command} ${meant}"? a server of that name is written http://${word}`,
    exitCode: UNKNOWN_COMMAND_EXIT_CODE,
  };
}

/** The longest run of words decides; a beginning that only one command has counts as that command. */
function likelyMeant(words: readonly string[], known: readonly string[]): string | undefined {
  // Other programs have it as a command.
  if (words[0] === 'version') return '--version';
  for (let count = words.length; count > 0; count -= 1) {
    const typed = words.slice(0, count).join(' ');
    const begun = known.filter((command) => command.startsWith(typed));
    const meant = begun.length === 1 ? begun[0] : nearest(typed, known);
    if (meant !== undefined) return meant;
  }
  return undefined;
}
