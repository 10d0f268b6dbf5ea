/** Files on their way into a message. */
import { type Attachment, mentionsIn, readAttachment } from '../../chat/attachments.js';
import type { UserMessage } from '../../chat/conversation.js';
import type { ChatSurroundings } from './command.js';
import { countText, sizeText } from './figures.js';

/** `notes.md (2.1 kB, ~540 tok)`. */
export function attachmentText(attachment: Attachment): string {
  if (attachment.kind === 'image') return `${attachment.image.name} (${sizeText(attachment.sizeBytes)})`;
  const { file, sizeBytes, tokens, isCut } = attachment;
  return `${file.name} (${isCut ? 'its first lines, ' : ''}${sizeText(sizeBytes)}, ~${countText(tokens)} tok)`;
}

export function messageWith(text: string, attachments: readonly Attachment[]): UserMessage {
  return {
    text,
    files: attachments.flatMap((one) => (one.kind === 'text' ? [one.file] : [])),
    images: attachments.flatMap((one) => (one.kind === 'image' ? [one.image] : [])),
  };
}

export interface MentionedFile {
  readonly path: string;
  readonly attachment: Attachment;
}

/** Those of the `@path` in a text that are files which can go along. Many an `@` is none. */
export async function mentionedFiles(text: string, around: ChatSurroundings): Promise<readonly MentionedFile[]> {
  const found: MentionedFile[] = [];
  for (const { path } of mentionsIn(text)) {
    const attachment = await readAttachment(path, around).catch(() => undefined);
    if (attachment) found.push({ path, attachment });
  }
  return found;
}
