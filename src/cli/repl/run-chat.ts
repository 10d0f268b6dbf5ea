/** `gollama chat`: at a terminal until the user leaves, and otherwise for one answer. */
import { fstatSync } from 'node:fs';
import { systemClock } from '../../base/clock.js';
import { GollamaError } from '../../base/errors.js';
import { Interrupt } from '../interrupt.js';
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
  if (!parts.isJson && stdin.isTTY && stdout.isTTY) return atTerminal(wish, parts);
  const text = await oneText(parts.prompt);
  return once(text, wish, parts);
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

async function once(text: string, asked: ChatWish, parts: RunChatParts): Promise<ChatOutcome> {
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
  const interrupt = new Interrupt();
  // Who read it has gone, such as `head`.
  const gone = new AbortController();
  process.stdout.once('error', () => gone.abort());
  const signal = AbortSignal.any([interrupt.signal, gone.signal]);
  let connection: Connection | undefined;
  try {
    connection = await connect(wish, { around, start: startServer, onStarting, signal });
    const note = (line: string) => screen.note(line);
    const chat = await openChat(wish, connection, { around, clock, note, signal });
    const result = await answerOnce(text, { chat, screen, clock, isJson, isFile: isFile(process.stdout.fd), signal });
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
