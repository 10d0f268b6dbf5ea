/** Commands about what goes along with the next message. */
import { GollamaError } from '../../base/errors.js';
import { type Attachment, readAttachment, withoutRepeats } from '../../chat/attachments.js';
import { attachmentText, messageWith } from './attaching.js';
import { clipboardContent } from './clipboard-content.js';
import type { Command, Repl } from './command.js';
import { countText } from './figures.js';
import { pathsLike } from './paths.js';
import { wordsOf } from './words.js';

const paths: Command['complete'] = ({ around }, word) => pathsLike(word, around);

export const ATTACH_COMMANDS: readonly Command[] = [
  {
    name: 'file',
    aliases: ['read'],
    usage: '[--head LINES] path…',
    summary: 'attach files to the next message; without a path, drop what is attached',
    complete: paths,
    run: (repl, argument) => attachPaths(repl, argument, { isImage: false }),
  },
  {
    name: 'image',
    aliases: [],
    usage: 'path…',
    summary: 'attach images (png, jpeg, webp, gif) to the next message',
    complete: paths,
    run: (repl, argument) => attachPaths(repl, argument, { isImage: true }),
  },
  {
    name: 'paste',
    aliases: [],
    usage: '',
    summary: 'attach what is in the clipboard, a text or an image',
    async run(repl) {
      attach(repl, [await clipboardContent(repl.around, repl.clock)]);
      return undefined;
    },
  },
];

async function attachPaths(repl: Repl, argument: string, wanted: { readonly isImage: boolean }): Promise<undefined> {
  const { linesMax, names } = headOf(wordsOf(argument));
  if (names.length === 0) return dropAll(repl);
  const read: Attachment[] = [];
  for (const name of names) {
    read.push(await readAttachment(name, repl.around, { linesMax, ...wanted }));
  }
  attach(repl, read);
  return undefined;
}

function headOf(words: readonly string[]): { linesMax: number | undefined; names: readonly string[] } {
  const at = words.indexOf('--head');
  if (at < 0) return { linesMax: undefined, names: words };
  const lines = words[at + 1] ?? '';
  if (!/^[1-9]\d{0,8}$/.test(lines)) throw new GollamaError('usage', '--head takes a number of lines');
  return { linesMax: Number(lines), names: words.filter((_, index) => index !== at && index !== at + 1) };
}

function dropAll({ chat, screen }: Repl): undefined {
  const { attachments } = chat;
  chat.attachments = [];
  screen.note(attachments.length === 0 ? 'nothing is attached' : `no longer attached: ${listed(attachments)}`);
  return undefined;
}

function attach({ chat, screen }: Repl, more: readonly Attachment[]): void {
  chat.attachments = withoutRepeats([...chat.attachments, ...more]);
  screen.note(`attached ${listed(more)}`);
  const { level, usedTokens, limitTokens } = chat.use(messageWith('', chat.attachments));
  if (level !== 'over') return;
  screen.note(
    `it does not fit: ~${countText(usedTokens)} of ${limitTokens} tokens.  /file drops it, /file --head 200 PATH, /model`,
  );
}

function listed(attachments: readonly Attachment[]): string {
  return attachments.map(attachmentText).join(', ');
}
