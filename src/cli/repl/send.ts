/** A message on its way to the model: what goes along with it, and room for it. */
import type { Attachment } from '../../chat/attachments.js';
import type { UserMessage } from '../../chat/conversation.js';
import { attachmentText, mentionedFiles, messageWith } from './attaching.js';
import type { CommandEnd, Repl } from './command.js';
import { makeRoom } from './room.js';
import { askYesNo } from './yes-no.js';

/** Sends what was typed with everything that waits for it. */
export async function send(repl: Repl, text: string): Promise<CommandEnd> {
  const mentioned = await askedMentions(repl, text);
  if (mentioned === undefined) return { kind: 'typed', text };
  return deliver(repl, messageWith(text, [...repl.chat.attachments, ...mentioned]));
}

/** Nothing is sent that does not fit before it was said what is to become of it. */
export async function deliver(repl: Repl, message: UserMessage): Promise<CommandEnd> {
  const { chat, asker } = repl;
  let isForced = false;
  let wasRefused = false;
  for (;;) {
    if (isForced || chat.use(message).level !== 'over') {
      const waiting = chat.attachments;
      chat.attachments = [];
      if ((await asker.ask(message)) !== 'overflow') return undefined;
      chat.attachments = waiting;
      wasRefused = true;
    }
    const made = await makeRoom(repl, message, wasRefused);
    if (made === 'given-up') return { kind: 'typed', text: message.text };
    isForced = made === 'as-it-is';
  }
}

/** Asks once for all of them; undefined where the message is to be edited. */
async function askedMentions(repl: Repl, text: string): Promise<readonly Attachment[] | undefined> {
  const { files, problems } = await mentionedFiles(text, repl.around);
  for (const problem of problems) repl.screen.note(`not attached: ${problem}`);
  const found = files.filter(({ path }) => !repl.chat.unwantedPaths.has(path));
  if (found.length === 0) return [];
  const attachments = found.map(({ attachment }) => attachment);
  const answer = await askYesNo(repl, `attach ${attachments.map(attachmentText).join(', ')}?`);
  if (answer === 'interrupt' || answer === 'end') return undefined;
  if (answer === 'yes') return attachments;
  for (const { path } of found) repl.chat.unwantedPaths.add(path);
  return [];
}
