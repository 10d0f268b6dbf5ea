/** `gollama chat` at a terminal: the real program, a real server, and an engine that answers what a test says. */
import { FakeUpstream, type UpstreamCall } from './fake-upstream.js';
import { RUN_JS } from './gollama-process.js';
import { makePlace, type Place } from './place.js';
import { Pty, type PtyOptions } from './pty.js';
import { startApp } from './start-app.js';

export interface ChatSetting {
  readonly upstream: FakeUpstream;
  readonly place: Place;
  readonly url: string;
  /** At its first prompt. */
  start(args?: readonly string[], options?: PtyOptions): Promise<Pty>;
  /** Types it, lets the engine answer with `text`, and waits for the next prompt; the question. */
  say(pty: Pty, typed: string, text: string): Promise<UpstreamCall>;
}

export async function chatSetting(models: readonly string[] = ['m', 'other']): Promise<ChatSetting> {
  const upstream = await FakeUpstream.start({ models });
  const { url } = await startApp(
    `engines: [{kind: openai, name: e, base_url: "${upstream.url}", models: [${models}], slots: 2}]`,
  );
  const place = makePlace();
  const start = async (args: readonly string[] = [], options: PtyOptions = {}) => {
    const pty = startChat(place, args, { ...options, env: { GOLLAMA_URL: url, ...options.env } });
    await atPrompt(pty);
    return pty;
  };
  const say = async (pty: Pty, typed: string, text: string) => {
    pty.type(typed);
    const call = await upstream.next();
    answer(call, text);
    await atPrompt(pty);
    return call;
  };
  return { upstream, place, url, start, say };
}

export function startChat(place: Place, args: readonly string[], options: PtyOptions = {}): Pty {
  const env: Record<string, string> = { HOME: place.home, ...options.env };
  // The terminal has a name of its own, which it puts in the place of the variable.
  const term = env.TERM === undefined ? [] : [`TERM=${env.TERM}`];
  const program = [...term, process.execPath, RUN_JS, 'chat', ...args];
  return Pty.start('/usr/bin/env', program, { cwd: place.cwd, ...options, env });
}

export function atPrompt(pty: Pty): Promise<void> {
  return pty.until('for the prompt', () => pty.screen.shown.at(-1) === '>');
}

/** Types it, and waits until the prompt is there again behind that. */
export async function command(pty: Pty, typed: string, shows: string | RegExp): Promise<void> {
  pty.type(`${typed}\r`);
  await pty.shows(shows);
  await atPrompt(pty);
}

export function answer(call: UpstreamCall, text: string): void {
  call.beginStream();
  call.say(text);
  call.endStream();
}

interface Message {
  readonly role: string;
  readonly content: unknown;
}

export function messagesOf(call: UpstreamCall): readonly Message[] {
  return (call.json as { messages: Message[] }).messages;
}

/** What the model was told last. */
export function lastMessage(call: UpstreamCall): unknown {
  return messagesOf(call).at(-1)?.content;
}
