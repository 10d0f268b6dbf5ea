/** `gollama chat`: at a terminal until the user leaves, and otherwise for one answer. */
import { fstatSync } from 'node:fs';
import { systemClock } from '../../base/clock.js';
import { GollamaError, messageOf } from '../../base/errors.js';
import { EXIT_CODES, Interrupt } from '../interrupt.js';
import { readStandardInput } from '../question.js';
import { ServeTerminal } from '../serve-terminal.js';
import type { ChatSurroundings } from './command.js';
import type { OneShotAnswer } from './one-shot.js';
import { type Connection, connect, type StartOwnServer } from './own-server.js';
import type { ChatWish } from './wish.js';

export interface RunChatParts {
  readonly prompt: string | undefined;
  readonly isJson: boolean;
  readonly around: ChatSurroundings;
  readonly say: (line: string) => void;
  readonly startServer: StartOwnServer;
}

export interface ChatOutcome {
  /** Undefined: there is nothing to print. */
  readonly result: OneShotAnswer | undefined;
  readonly exitCode: number;
}

export async function runChat(wish: ChatWish, parts: RunChatParts): Promise<ChatOutcome> {
  const { stdin, stdout } = process;
  const broken = heardOutput();
  const isDialog = !parts.isJson && stdin.isTTY && stdout.isTTY;
  const outcome = isDialog
    ? await atTerminal(wish, parts)
    : await once(await oneText(parts.prompt), wish, parts, broken);
  if (outcome.exitCode === EXIT_CODES.SIGHUP) endByHangUp();
  return outcome;
}

/**
 * oclif throws what the streams tell. Of a terminal or a reader that has gone nobody needs to be told, and what was begun at the
 * server has to be ended first. The signal aborts with what stdout told.
 */
function heardOutput(): AbortSignal {
  const broken = new AbortController();
  for (const stream of [process.stdout, process.stderr])
    stream.removeAllListeners('error').on('error', () => undefined);
  process.stdout.once('error', (error) => broken.abort(error));
  return broken.signal;
}

/** Throws where the answer has not reached the file that it was meant for. */
function checkWritten({ aborted, reason }: AbortSignal): void {
  if (!aborted || ['EPIPE', 'EIO'].includes(reason.code)) return;
  throw new GollamaError('storage_full', `the answer cannot be written: ${messageOf(reason)}`, {
    hint: 'free some space, or let it be written elsewhere',
    cause: reason,
  });
}

/** At an exit Node sets the terminal back, and aborts where that is gone. */
function endByHangUp(): void {
  process.removeAllListeners('SIGHUP');
  process.kill(process.pid, 'SIGHUP');
}

async function atTerminal(wish: ChatWish, { around, startServer, say, prompt }: RunChatParts): Promise<ChatOutcome> {
  const { chatAtTerminal } = await import('./terminal-chat.js');
  const terminal = new ServeTerminal(say);
  const onStarting = terminal.starting.bind(terminal);
  const exitCode = await chatAtTerminal(wish, { around, clock: systemClock, startServer, onStarting }, prompt);
  return { result: undefined, exitCode };
}

/** The prompt, and behind it what is piped in. Throws `usage` where there is neither. */
async function oneText(prompt = ''): Promise<string> {
  const isPiped = !process.stdin.isTTY;
  const piped = isPiped ? (await readStandardInput('')).replace(/\s+$/, '') : '';
  const text = [prompt, piped].filter((part) => part.trim() !== '').join('\n\n');
  if (text !== '') return text;
  const why = isPiped ? 'stdin is empty and not a terminal' : 'a chat needs a terminal for its answers too';
  throw new GollamaError('usage', `no prompt: ${why}`, { hint: 'gollama chat "your question"' });
}

async function once(text: string, asked: ChatWish, parts: RunChatParts, broken: AbortSignal): Promise<ChatOutcome> {
  const { isJson, around, startServer, say } = parts;
  const [{ answerOnce }, { openChat }, { Screen }] = await Promise.all([
    import('./one-shot.js'),
    import('./open-chat.js'),
    import('./screen.js'),
  ]);
  // A question by the way begins no session that would have to be cleared away.
  const wish = { ...asked, isSaved: asked.isSaved && asked.session.kind !== 'new' };
  const clock = systemClock;
  const screen = new Screen({ out: process.stdout, err: process.stderr, env: around.env, clock });
  const terminal = new ServeTerminal(say);
  const onStarting = terminal.starting.bind(terminal);
  const interrupt = new Interrupt(['SIGINT', 'SIGTERM', 'SIGHUP']);
  const signal = AbortSignal.any([interrupt.signal, broken]);
  let connection: Connection | undefined;
  try {
    connection = await connect(wish, { around, start: startServer, onStarting, signal });
    const note = (line: string) => screen.note(line);
    const chat = await openChat(wish, connection, { around, clock, note, signal });
    const result = await answerOnce(text, { chat, screen, clock, isJson, isFile: isFile(process.stdout.fd), signal });
    checkWritten(broken);
    return { result, exitCode: interrupt.exitCode ?? 0 };
  } catch (thrown) {
    const isGivenUp = interrupt.exitCode !== undefined && thrown instanceof GollamaError && thrown.code === 'cancelled';
    if (!isGivenUp || isJson) throw thrown;
    return { result: undefined, exitCode: interrupt.exitCode ?? 1 };
  } finally {
    interrupt.dispose();
    await connection?.own?.stop();
  }
}

function isFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile();
  } catch {
    return false;
  }
}
