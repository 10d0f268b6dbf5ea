/** What the model is told first, as it is written on a command line: a text, `@file`, or `off`. */

import { GollamaError } from '../../base/errors.js';
import { readAttachment } from '../../chat/attachments.js';
import { type Conversation, withSystem } from '../../chat/conversation.js';
import type { ChatSurroundings } from './command.js';

/** Throws `usage` where the file cannot be read, or is no text. */
export async function setSystem(
  conversation: Conversation,
  written: string,
  around: Pick<ChatSurroundings, 'cwd' | 'home'>,
): Promise<Conversation> {
  if (written === 'off') return withSystem(conversation, undefined);
  if (!/^@\S/.test(written)) return withSystem(conversation, written);
  const attachment = await readAttachment(written.slice(1), around);
  if (attachment.kind === 'text') return withSystem(conversation, attachment.file.text.trim());
  throw new GollamaError('usage', `${written.slice(1)} is an image, not a text`);
}
