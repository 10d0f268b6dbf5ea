/** What is in the clipboard of the desktop, as something to attach. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Clock, pause } from '../../base/clock.js';
import { GollamaError } from '../../base/errors.js';
import { type Attachment, imageTypeOf } from '../../chat/attachments.js';
import { estimatedTokens } from '../../chat/context-meter.js';
import type { ChatSurroundings } from './command.js';

const PATIENCE_MS = 2_000;
const BYTES_MAX = 20 * 1024 * 1024;

/** Throws `usage` where there is nothing, or no program that could tell. */
export async function clipboardContent(around: ChatSurroundings, clock: Clock): Promise<Attachment> {
  for (const [program = '', ...args] of programs(around)) {
    const bytes = await output(program, args, around, clock);
    if (bytes === undefined || bytes.length === 0) continue;
    const mediaType = imageTypeOf(bytes);
    if (mediaType === undefined) return textOf(bytes);
    const image = { name: 'clipboard', mediaType, base64: bytes.toString('base64') };
    return { kind: 'image', image, sizeBytes: bytes.length };
  }
  throw new GollamaError('usage', 'nothing in the clipboard that could be read', {
    hint: 'paste into the prompt instead: a paste of several lines is one message',
  });
}

function textOf(bytes: Buffer): Attachment {
  const text = bytes.toString('utf8');
  return {
    kind: 'text',
    file: { name: 'clipboard', text },
    sizeBytes: bytes.length,
    tokens: estimatedTokens(text),
    isCut: false,
  };
}

/** An image first: there a text is often only its name. */
function programs({ env, platform }: ChatSurroundings): readonly (readonly string[])[] {
  if (platform === 'darwin') return [['pbpaste']];
  const xclip = ['xclip', '-selection', 'clipboard', '-o'];
  return [
    ...(env.WAYLAND_DISPLAY
      ? [
          ['wl-paste', '-t', 'image/png'],
          ['wl-paste', '-n'],
        ]
      : []),
    ...(env.DISPLAY ? [[...xclip, '-t', 'image/png'], xclip, ['xsel', '--clipboard', '--output']] : []),
    ...(env.WSL_DISTRO_NAME ? [['powershell.exe', '-NoProfile', '-Command', 'Get-Clipboard']] : []),
  ];
}

/** Undefined where the program is not there, fails, or takes too long. */
async function output(
  program: string,
  args: readonly string[],
  { env }: ChatSurroundings,
  clock: Clock,
): Promise<Buffer | undefined> {
  const over = new AbortController();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], env });
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  child.stdout.on('data', (part: Buffer) => {
    sizeBytes += part.length;
    if (sizeBytes > BYTES_MAX) child.kill('SIGKILL');
    else parts.push(part);
  });
  const closed = once(child, 'close').then(
    ([code]) => code === 0,
    () => false,
  );
  const isWhole = await Promise.race([closed, pause(clock, PATIENCE_MS, over.signal).then(() => false)]);
  over.abort();
  if (!isWhole) child.kill('SIGKILL');
  return isWhole ? Buffer.concat(parts) : undefined;
}
