/** A chat without a terminal and without a server: what is typed and what the model says is given, what is shown is kept. */
import { EventEmitter } from 'node:events';
import type { AnswerEvent, AnswerSource, AnswerStats, Question } from '../../../src/chat/answer.js';
import type { ModelChoice } from '../../../src/chat/model-choice.js';
import { SessionFiles } from '../../../src/chat/session-files.js';
import { Asker, type AskerParts } from '../../../src/cli/repl/asker.js';
import { Chat, type ChatView } from '../../../src/cli/repl/chat.js';
import type { Repl } from '../../../src/cli/repl/command.js';
import { Screen } from '../../../src/cli/repl/screen.js';
import type { LineReader, LineResult, ReadOptions } from '../../../src/cli/terminal/line-reader.js';
import { ManualClock } from '../../support/manual-clock.js';
import { makePlace, type Place } from '../../support/place.js';

export const NO_STATS: AnswerStats = {
  queueMs: undefined,
  ttftMs: undefined,
  tokensPerSecond: undefined,
  completionTokens: undefined,
  promptTokens: undefined,
};

/** What one answer tells; an Error is thrown there, `hang` waits for the signal and ends as stopped. */
export type Script = readonly (AnswerEvent | Error | 'hang')[];

export function said(text: string, promptTokens?: number, completionTokens = 1): Script {
  const usage = promptTokens === undefined ? undefined : { promptTokens, completionTokens };
  return [
    { kind: 'text', text },
    { kind: 'end', reason: 'stop', usage, stats: { ...NO_STATS, completionTokens } },
  ];
}

class FakeAnswers implements AnswerSource {
  readonly questions: Question[] = [];
  readonly scripts: Script[] = [];
  /** Called when an answer hangs. */
  onHang: () => void = () => {};

  continuation(): 'prefill' | 'ask' {
    return 'prefill';
  }

  async *ask(question: Question, signal: AbortSignal): AsyncGenerator<AnswerEvent, void> {
    this.questions.push(question);
    for (const event of this.scripts.shift() ?? said('ok')) {
      if (event instanceof Error) throw event;
      if (event !== 'hang') {
        yield event;
        continue;
      }
      const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
      this.onHang();
      await aborted;
      yield { kind: 'end', reason: 'stopped', usage: undefined, stats: NO_STATS };
    }
  }

  /** The texts of the last question's messages. */
  get lastTexts(): readonly string[] {
    return this.questions.at(-1)?.messages.map(({ content }) => content) ?? [];
  }
}

/** Gives what was prepared, and the end of input behind it. */
class FakeLines implements LineReader {
  readonly results: (LineResult | (() => LineResult))[] = [];
  readonly prompts: string[] = [];
  readonly options: ReadOptions[] = [];
  readonly listeners = new Set<() => void>();

  type(...texts: readonly string[]): void {
    this.results.push(...texts.map((text) => ({ kind: 'line', text }) as const));
  }

  interrupt(): void {
    for (const listener of [...this.listeners]) listener();
  }

  start(): void {}
  stop(): void {}
  suspend(): void {}
  resume(): void {}
  tell(): void {}

  onInterrupt(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  async read(prompt: string, options: ReadOptions = {}): Promise<LineResult> {
    this.prompts.push(prompt);
    this.options.push(options);
    const next = this.results.shift() ?? { kind: 'end' };
    return typeof next === 'function' ? next() : next;
  }
}

export class FakeStream extends EventEmitter {
  text = '';
  isTTY = false;

  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

export interface FakeChat {
  readonly repl: Repl;
  readonly chat: Chat;
  readonly answers: FakeAnswers;
  readonly lines: FakeLines;
  readonly clock: ManualClock;
  readonly place: Place;
  readonly files: SessionFiles;
  /** Answers and lists. */
  readonly out: FakeStream;
  /** Notes and errors. */
  readonly err: FakeStream;
}

export interface FakeChatOptions {
  readonly models?: readonly ModelChoice[];
  readonly view?: Partial<ChatView>;
  readonly signal?: AbortSignal;
  readonly status?: AskerParts['status'];
}

export async function fakeChat(options: FakeChatOptions = {}): Promise<FakeChat> {
  const { models = [model('m'), model('other')], signal = new AbortController().signal } = options;
  const place = makePlace();
  const clock = new ManualClock();
  const answers = new FakeAnswers();
  const lines = new FakeLines();
  const [out, err] = [new FakeStream(), new FakeStream()];
  const screen = new Screen({ out, err, env: {}, clock });
  const files = new SessionFiles({ folder: place.dataDir, clock });
  const server = { kind: 'gollama', baseUrl: 'http://127.0.0.1:1', answers, models: async () => models } as const;
  const view = { renders: true, thoughts: 'fold', tellsStats: false, ...options.view } as const;
  const [first = model('m')] = models;
  const chat = new Chat({
    server,
    model: first,
    models,
    session: await files.create(first.name),
    files,
    isSaved: true,
    view,
  });
  const onInterrupt = (listener: () => void) => lines.onInterrupt(listener);
  const asker = new Asker({ chat, screen, clock, signal, onInterrupt, status: options.status });
  const added: string[] = [];
  const history = {
    entries: () => added,
    add: (text: string) => void added.push(text),
    search: (text: string) => added.filter((entry) => entry.includes(text)).toReversed(),
  };
  const around = { env: {}, cwd: place.cwd, home: place.home, platform: 'linux' };
  const repl: Repl = { chat, asker, screen, lines, history, around, clock, signal };
  return { repl, chat, answers, lines, clock, place, files, out, err };
}

export function model(name: string, contextTokens?: number): ModelChoice {
  return { name, state: 'ready', contextTokens };
}
