/** A chat at a terminal, from the first look for a server to the word on how to come back. */
import type { Clock } from '../../base/clock.js';
import { printable } from '../../base/printable.js';
import { Client } from '../../client/client.js';
import { Interrupt } from '../interrupt.js';
import { HistoryFile } from '../terminal/history-file.js';
import { createLineReader, type LineReader } from '../terminal/line-reader.js';
import { Asker } from './asker.js';
import { attachmentText } from './attaching.js';
import type { Chat } from './chat.js';
import type { ChatSurroundings, Repl } from './command.js';
import { runLoop } from './loop.js';
import { openChat } from './open-chat.js';
import { type Connection, connect, type OwnServerOptions, type StartOwnServer } from './own-server.js';
import { recap } from './recap.js';
import { Screen } from './screen.js';
import type { ChatWish } from './wish.js';
import { askYesNo } from './yes-no.js';

export interface TerminalChatParts {
  readonly around: ChatSurroundings;
  readonly clock: Clock;
  readonly startServer: StartOwnServer;
  readonly onStarting: OwnServerOptions['onStarting'];
}

/** `first`: what is asked before anything is typed. The exit code. */
export async function chatAtTerminal(wish: ChatWish, parts: TerminalChatParts, first?: string): Promise<number> {
  const { around, clock } = parts;
  const screen = new Screen({ out: process.stdout, err: process.stderr, env: around.env, clock });
  const history = HistoryFile.open(around, clock);
  const signals = new Interrupt(['SIGHUP', 'SIGTERM']);
  let asker: Asker | undefined;
  const onContinued = () => asker?.screenMoved();
  const { dim } = screen.style;
  const { stdin: input, stdout: output } = process;
  const io = { input, output, clock, signals: process, history, dim, onContinued };
  const lines = await createLineReader(io, around.env);
  lines.start();
  if (first !== undefined) void screen.answers();
  let connection: Connection | undefined;
  try {
    connection = await connected(wish, parts, { lines, screen, signal: signals.signal });
    if (connection === undefined) return signals.exitCode ?? 130;
    const open = { around, clock, note: (text: string) => screen.note(text), signal: signals.signal };
    const chat = await openChat(wish, connection, open);
    asker = askerOf(chat, connection, { screen, clock, lines, signal: signals.signal });
    greet(chat, connection, { screen, history });
    void screen.answers();
    const repl: Repl = { chat, asker, screen, lines, history, around, clock, signal: signals.signal };
    const end = await runLoop(repl, first);
    sayGoodbye(chat, screen);
    return signals.exitCode ?? (end === 'interrupted' ? 130 : 0);
  } finally {
    lines.stop();
    signals.dispose();
    await connection?.own?.stop();
  }
}

interface Dialog {
  readonly lines: LineReader;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

/** Undefined where the user gave it up. */
async function connected(
  wish: ChatWish,
  { around, startServer, onStarting }: TerminalChatParts,
  { lines, screen, signal }: Dialog,
): Promise<Connection | undefined> {
  const stop = new AbortController();
  const off = lines.onInterrupt(() => stop.abort());
  try {
    return await connect(wish, {
      around,
      start: startServer,
      onStarting,
      signal: AbortSignal.any([signal, stop.signal]),
      async offer(why) {
        screen.note(why.message);
        const answer = await askYesNo({ lines, screen, signal }, 'start one here, until this chat ends?');
        if (answer === 'interrupt') stop.abort();
        return answer === 'yes';
      },
    });
  } catch (thrown) {
    if (signal.aborted || stop.signal.aborted) return undefined;
    throw thrown;
  } finally {
    off();
  }
}

function askerOf(chat: Chat, { server, apiKey }: Connection, parts: Dialog & { readonly clock: Clock }): Asker {
  const { lines, screen, clock, signal } = parts;
  const client = server.kind === 'gollama' ? new Client({ baseUrl: server.baseUrl, apiKey }) : undefined;
  return new Asker({
    chat,
    screen,
    clock,
    signal,
    onInterrupt: (listener) => lines.onInterrupt(listener),
    status: client && ((over) => client.status(over)),
  });
}

function greet(chat: Chat, { own }: Connection, { screen, history }: { screen: Screen; history: HistoryFile }): void {
  const { session, model, contextTokens, server } = chat;
  const where = `${model.name} at ${new URL(server.baseUrl).host}`;
  const context = contextTokens === undefined ? '' : ` · context ${contextTokens}`;
  const which = session.revision > 0 ? recap(session) : `session ${session.id} (${chat.isSaved ? 'new' : 'not saved'})`;
  screen.note(`${where}${context} · ${which} · /help, Ctrl+D to leave`);
  for (const note of own?.notes ?? []) screen.note(note);
  if (history.problem !== undefined) screen.note(history.problem);
  if (chat.attachments.length > 0) screen.note(`attached ${chat.attachments.map(attachmentText).join(', ')}`);
}

function sayGoodbye({ session, isSaved }: Chat, screen: Screen): void {
  if (!isSaved || session.revision === 0) return;
  screen.note(`session saved: gollama chat -r ${printable(session.id)}   (or: gollama chat -c)`);
}
