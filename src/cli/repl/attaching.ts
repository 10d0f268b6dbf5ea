/** Files on their way into a message. */
import { messageOf } from '../../base/errors.js';
import { type Attachment, mentionsIn, readAttachment, withoutRepeats } from '../../chat/attachments.js';
import type { UserMessage } from '../../chat/conversation.js';
import type { ChatSurroundings } from './command.js';
import { countText, sizeText } from './figures.js';

/** `notes.md (2.1 kB, ~540 tok)`. */
export function attachmentText(attachment: Attachment): string {
  if (attachment.kind === 'image') return `${attachment.image.name} (${sizeText(attachment.sizeBytes)})`;
  const { file, sizeBytes, tokens, isCut } = attachment;
  return `${file.name} (${isCut ? 'its first lines, ' : ''}${sizeText(sizeBytes)}, ~${countText(tokens)} tok)`;
}

/** A file that was both attached and named in the text goes along once. */
export function messageWith(text: string, attachments: readonly Attachment[]): UserMessage {
  const once = withoutRepeats(attachments);
  return {
    text,
    files: once.flatMap((one) => (one.kind === 'text' ? [one.file] : [])),
    images: once.flatMap((one) => (one.kind === 'image' ? [one.image] : [])),
  };
}

interface MentionedFile {
  readonly path: string;
  readonly attachment: Attachment;
}

export interface Mentioned {
  readonly files: readonly MentionedFile[];
  /** Why others, which are there too, cannot go along. */
  readonly problems: readonly string[];
}

/** What the `@path` in a text name. Many an `@` is no file at all. */
export async function mentionedFiles(text: string, around: ChatSurroundings): Promise<Mentioned> {
  const files: MentionedFile[] = [];
  const problems: string[] = [];
  for (const { path } of mentionsIn(text)) {
    try {
      files.push({ path, attachment: await readAttachment(path, around) });
    } catch (thrown) {
      if (!isNoFile(thrown)) problems.push(messageOf(thrown));
    }
  }
  return { files, problems };
}

/** There is no such file, and perhaps none was meant. */
function isNoFile(thrown: unknown): boolean {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE'].includes(code);
}
