/** Commands that end the chat, and the one that tells of all others. */
import type { Command } from './command.js';

export const LEAVE_COMMANDS: readonly Command[] = [
  {
    name: 'quit',
    aliases: ['exit', 'bye', 'q'],
    usage: '',
    summary: 'leave; the session is kept (Ctrl+D does the same)',
    run: () => ({ kind: 'leave' }),
  },
];

const KEYS = [
  ['Enter', 'send'],
  ['Alt+Enter, Ctrl+J, \\ at the end', 'another line; so does """ around a text, and a paste is one message'],
  ['Tab', 'complete a command, a model, a file'],
  ['Up, Ctrl+R', 'what was typed before; search in it'],
  ['Ctrl+G', 'edit in your editor'],
  ['Ctrl+C', 'stop the answer; clear the line; twice: leave'],
  ['@path', 'attach a file by naming it in the text'],
] as const;

/** Of the other commands, which `commands` tells. */
export function helpCommand(commands: () => readonly Command[]): Command {
  return {
    name: 'help',
    aliases: ['?'],
    usage: '',
    summary: 'show all commands and keys',
    async run({ screen }) {
      const { alignColumns } = await import('../../base/text-columns.js');
      const rows = commands().map(({ name, usage, summary, aliases }) => [
        `/${name} ${usage}`.trim(),
        aliases.length === 0 ? summary : `${summary} (also ${aliases.map((alias) => `/${alias}`).join(' ')})`,
      ]);
      const first = Math.min(34, Math.floor(screen.columns / 2));
      const columns = [{ width: first }, { width: Math.max(20, screen.columns - first - 5) }];
      screen.print(alignColumns([...rows, ['', ''], ...KEYS], columns, { indent: 1 }).join('\n'));
      return undefined;
    },
  };
}
