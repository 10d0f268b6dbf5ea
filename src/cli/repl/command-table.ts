/** All slash commands, and which one a line means. */
import { nearest } from '../../base/nearest.js';
import { ANSWER_COMMANDS } from './answers.js';
import { ATTACH_COMMANDS } from './attach.js';
import type { Command } from './command.js';
import { helpCommand, LEAVE_COMMANDS } from './leave.js';
import { SESSION_COMMANDS } from './sessions.js';
import { SETTING_COMMANDS } from './settings.js';
import { TYPING_COMMANDS } from './typing.js';

export const COMMANDS: readonly Command[] = [
  ...SETTING_COMMANDS,
  ...ATTACH_COMMANDS,
  ...TYPING_COMMANDS,
  ...ANSWER_COMMANDS,
  ...SESSION_COMMANDS,
  helpCommand(() => COMMANDS),
  ...LEAVE_COMMANDS,
];

export type LineMeaning =
  /** No command: what is said to the model. */
  | { readonly kind: 'message'; readonly text: string }
  | { readonly kind: 'command'; readonly command: Command; readonly argument: string }
  /** `meant`: a command that is spelt nearly so. */
  | { readonly kind: 'unknown'; readonly name: string; readonly meant: string | undefined };

/** `//` begins a message with a slash. `/etc/hosts` is none either, nor is anything with a second slash in its first word. */
export function lineMeaning(line: string): LineMeaning {
  const [, name, rest = ''] = /^\/([a-z?][\w?-]*)(?:\s+(.*))?$/is.exec(line.trimEnd()) ?? [];
  if (name === undefined) return { kind: 'message', text: line.startsWith('//') ? line.slice(1) : line };
  const command = commandNamed(name.toLowerCase());
  if (command) return { kind: 'command', command, argument: rest };
  return { kind: 'unknown', name, meant: likely(name.toLowerCase()) };
}

/** `/modle`, or letters of it in their order: `/mdl`. */
function likely(name: string): string | undefined {
  const names = COMMANDS.flatMap((known) => [known.name, ...known.aliases]);
  return nearest(name, names) ?? names.find((known) => known[0] === name[0] && isAbbreviation(name, known));
}

function isAbbreviation(short: string, whole: string): boolean {
  let at = -1;
  return Array.from(short).every((letter) => {
    at = whole.indexOf(letter, at + 1);
    return at >= 0;
  });
}

export function commandNamed(name: string): Command | undefined {
  return COMMANDS.find((command) => command.name === name || command.aliases.includes(name));
}
