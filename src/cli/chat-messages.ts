/** Messages of a chat from the command line: `role:content`. */
import { GollamaError } from '../base/errors.js';
import type { ChatMessage } from '../protocol/task.js';
import { question } from './question.js';

const ROLES = ['system', 'user', 'assistant', 'tool'];

/** The role ends at the first colon; whatever follows is content, commas and colons too. Throws `usage`. */
export function parseMessage(text: string): ChatMessage {
  const colon = text.indexOf(':');
  const role = text.slice(0, Math.max(colon, 0)).trim().toLowerCase();
  if (ROLES.includes(role)) return { role, content: text.slice(colon + 1) };
  const problem = colon < 0 ? `"${text}" has no role` : `"${role}" is no role`;
  throw new GollamaError('usage', `--messages: ${problem}`, {
    hint: `write it as role:content, such as "user:Hello, how are you?"; roles: ${ROLES.join(', ')}`,
  });
}

/** The messages that were given; without any, the prompt or standard input as the user's. Throws `usage`. */
export async function chatMessages(
  given: readonly string[] | undefined,
  prompt: string | undefined,
): Promise<readonly ChatMessage[]> {
  const messages = (given ?? []).map(parseMessage);
  if (messages.length > 0 && prompt === undefined) return messages;
  if (messages.length > 0) throw new GollamaError('usage', 'give --messages or a prompt, not both');
  return [{ role: 'user', content: await question([prompt], '--messages "user:..."') }];
}
