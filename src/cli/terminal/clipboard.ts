/**
 * Puts a text into the clipboard. A program of the desktop says whether it worked, so it goes first, but over ssh, where the
 * clipboard is another machine's: there, and where no program is, the terminal is asked (OSC 52), which says nothing.
 */
import { spawn } from 'node:child_process';
import { type Clock, pause } from '../../base/clock.js';

export interface ClipboardSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
}

/** A terminal that text is written to. */
export interface ClipboardTerminal {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

export type Copied =
  /** `by`: the program, or `the terminal`, which may or may not have taken it. */
  | { readonly isCopied: true; readonly by: string; readonly isCertain: boolean }
  | { readonly isCopied: false; readonly why: string };

/** Terminals drop longer sequences; xterm and tmux take about that. */
const OSC_52_BASE64_MAX = 100_000;
const PROGRAM_PATIENCE_MS = 2_000;

/** Never rejects. */
export async function copyText(
  text: string,
  terminal: ClipboardTerminal,
  around: ClipboardSurroundings,
  clock: Clock,
): Promise<Copied> {
  const { env } = around;
  if (!env.SSH_CONNECTION && !env.SSH_TTY) {
    for (const [program, ...args] of programs(around)) {
      if (await pipeTo(program ?? '', args, text, around, clock)) {
        return { isCopied: true, by: program ?? '', isCertain: true };
      }
    }
  }
  if (!terminal.isTTY || env.TERM === 'dumb') return { isCopied: false, why: 'there is no clipboard program' };
  const base64 = Buffer.from(text).toString('base64');
  if (base64.length > OSC_52_BASE64_MAX) {
    return { isCopied: false, why: 'it is too long for the terminal, and there is no clipboard program' };
  }
  terminal.write(`\x1b]52;c;${base64}\x07`);
  return { isCopied: true, by: 'the terminal', isCertain: false };
}

/** Those that fit the desktop, best first. */
function programs({ env, platform }: ClipboardSurroundings): string[][] {
  if (platform === 'darwin') return [['pbcopy']];
  return [
    ...(env.WAYLAND_DISPLAY ? [['wl-copy']] : []),
    ...(env.DISPLAY
      ? [
          ['xclip', '-selection', 'clipboard'],
          ['xsel', '--clipboard', '--input'],
        ]
      : []),
    ...(env.WSL_DISTRO_NAME ? [['clip.exe']] : []),
  ];
}

/** Whether it took it. They leave a process behind that holds the text, which must not hold our pipes. */
async function pipeTo(
  program: string,
  args: readonly string[],
  text: string,
  { env }: ClipboardSurroundings,
  clock: Clock,
): Promise<boolean> {
  const over = new AbortController();
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'], env });
  const ended = new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
    // It may end without reading.
    child.stdin.on('error', () => {});
  });
  child.stdin.end(text);
  const late = pause(clock, PROGRAM_PATIENCE_MS, over.signal).then(() => false);
  const isTaken = await Promise.race([ended, late]);
  over.abort();
  if (!isTaken) child.kill('SIGKILL');
  return isTaken;
}
