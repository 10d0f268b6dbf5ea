/** Commands about what is typed. */

import { printable } from '../../base/printable.js';
import { undone } from '../../chat/conversation.js';
import type { Command, CommandEnd, Repl } from './command.js';
import { deliver, send } from './send.js';

const HISTORY_SHOWN = 20;

export const TYPING_COMMANDS: readonly Command[] = [
  {
    name: 'edit',
    aliases: [],
    usage: '',
    summary:
      'change the last question in your editor and ask it again ($VISUAL, $EDITOR; Ctrl+G for what is being typed)',
    run: editLast,
  },
  {
    name: 'history',
    aliases: [],
    usage: '[text]',
    summary: 'show what was typed before, with that text in it (Ctrl+R searches too)',
    run({ history, screen }, argument) {
      const found = history.search(argument, HISTORY_SHOWN);
      if (found.length === 0) screen.note('nothing like that in the history');
      for (const entry of found.toReversed()) screen.print(`  ${printable(entry.replace(/\s*\n\s*/g, ' ↵ '))}`);
      return undefined;
    },
  },
];

/** The text as the editor left it; undefined where it is as it was, which is said. */
export async function edited({ lines, screen, around }: Repl, text: string): Promise<string | undefined> {
  const { editText } = await import('../terminal/text-editor.js');
  lines.suspend();
  try {
    const { text: changed, isChanged, problem } = await editText(text, around);
    if (problem !== undefined) screen.note(problem);
    else if (!isChanged) screen.note('nothing was changed');
    return isChanged ? changed : undefined;
  } finally {
    lines.resume();
  }
}

async function editLast(repl: Repl, argument: string): Promise<CommandEnd> {
  const { chat, screen } = repl;
  const last = chat.conversation.turns.at(-1);
  const text = await edited(repl, argument || (last?.question.text ?? ''));
  if (text === undefined) return undefined;
  if (text.trim() === '') {
    screen.note('nothing to ask');
    return undefined;
  }
  if (!last || argument !== '') return send(repl, text);
  const before = chat.conversation;
  chat.conversation = undone(before);
  const end = await deliver(repl, { ...last.question, text });
  if (end !== undefined) chat.conversation = before;
  return end;
}
