/** Asks the model, shows what it says, and keeps it. */
import type { Clock } from '../../base/clock.js';
import { type GollamaError, toGollamaError } from '../../base/errors.js';
import type { AnswerEvent, Question } from '../../chat/answer.js';
import { isContextOverflow, turnsToSumUp } from '../../chat/context-meter.js';
import {
  answered,
  asked,
  type Conversation,
  continuationMessages,
  continued,
  type GivenAnswer,
  messagesOf,
  summaryMessages,
  type UserMessage,
  withoutLastAnswer,
} from '../../chat/conversation.js';
import type { ServerStatus } from '../../protocol/status.js';
import type { ChatMessage } from '../../protocol/task.js';
import { AnswerDraft } from './answer-draft.js';
import { ShownAnswer } from './answer-view.js';
import type { Chat } from './chat.js';
import { percentText, statsText } from './figures.js';
import { watchQueue } from './queue-watch.js';
import type { Screen } from './screen.js';

export interface AskerParts {
  readonly chat: Chat;
  readonly screen: Screen;
  readonly clock: Clock;
  /** Calls `listener` for Ctrl+C; returns what undoes it. */
  readonly onInterrupt: (listener: () => void) => () => void;
  /** Of a gollama server: what it does at the moment. */
  readonly status?: ((signal: AbortSignal) => Promise<ServerStatus>) | undefined;
  /** The program is to end. */
  readonly signal: AbortSignal;
}

/**
 * - `answered`, also in part: it was stopped, or failed behind some text · `failed`: there is nothing of it
 * - `overflow`: the server says that it does not fit; nothing has changed
 */
export type Asked = 'answered' | 'failed' | 'overflow';

/** `overflow`: the server says that it does not fit. Undefined: it was stopped or failed, which was said. */
type Summary = { readonly text: string } | 'overflow' | undefined;

interface Run {
  readonly draft: AnswerDraft;
  readonly failure: GollamaError | undefined;
}

const WAYS_ON = '(/continue, /retry, /undo)';
/** Shows nothing. */
const UNSEEN = { take() {}, close() {}, status() {} };

export class Asker {
  readonly #parts: AskerParts;
  #shown: ShownAnswer | undefined;

  constructor(parts: AskerParts) {
    this.#parts = parts;
  }

  ask(message: UserMessage): Promise<Asked> {
    const { chat } = this.#parts;
    const before = chat.conversation;
    chat.conversation = asked(before, message);
    return this.#answer(messagesOf(chat.conversation), before, answered);
  }

  /** Asks the last question again. What was answered stays until there is another answer. */
  retry(): Promise<Asked> {
    const { chat } = this.#parts;
    const before = chat.conversation;
    const messages = messagesOf(withoutLastAnswer(before));
    return this.#answer(messages, before, answered);
  }

  /** Lets the last answer go on. */
  continueAnswer(): Promise<Asked> {
    const { chat } = this.#parts;
    const before = chat.conversation;
    const way = chat.server.answers.continuation(chat.model.name);
    return this.#answer(continuationMessages(before, way), before, continued);
  }

  /** Of the first `count` turns. Changes nothing. */
  async summary(count: number): Promise<Summary> {
    const { chat, screen } = this.#parts;
    const progress = screen.progress('summing up');
    const { draft, failure } = await this.#run(summaryMessages(chat.conversation, count), UNSEEN);
    progress.stop();
    if (failure && draft.text === '' && isContextOverflow(failure)) return 'overflow';
    if (failure) screen.problem(failure);
    else if (draft.reason !== 'stop')
      screen.note(`the summary was not finished (${draft.reason}): nothing was changed`);
    const text = draft.text.trim();
    return failure || draft.reason !== 'stop' || text === '' ? undefined : { text };
  }

  /** The program was stopped and goes on. */
  screenMoved(): void {
    this.#shown?.moved();
  }

  async #answer(
    messages: readonly ChatMessage[],
    before: Conversation,
    apply: (conversation: Conversation, answer: GivenAnswer) => Conversation,
  ): Promise<Asked> {
    const { chat, screen, clock } = this.#parts;
    const shown = new ShownAnswer({ screen, clock, view: chat.view, newView: await screen.answers() });
    this.#shown = shown;
    const { draft, failure } = await this.#run(messages, shown);
    this.#shown = undefined;
    if (failure && draft.text === '' && isContextOverflow(failure)) {
      chat.conversation = before;
      screen.problem(failure);
      return 'overflow';
    }
    // Reasoning alone is no answer that could be continued.
    const isKept = draft.text !== '' || (!failure && draft.reason !== 'stopped');
    const reason = failure ? 'failed' : draft.reason;
    if (isKept) chat.conversation = apply(chat.conversation, { ...draft.answer(chat.model.name), reason });
    if (failure) screen.problem(failure);
    this.#tell({ ...draft.answer(chat.model.name), reason }, isKept);
    await this.#save();
    return isKept ? 'answered' : 'failed';
  }

  async #run(
    messages: readonly ChatMessage[],
    shown: { take(event: AnswerEvent): void; close(): void; status(text: string): void },
  ): Promise<Run> {
    const { chat, onInterrupt, signal } = this.#parts;
    const stop = new AbortController();
    const leave = new AbortController();
    // Once more: not even the server is waited for.
    const offInterrupt = onInterrupt(() => {
      if (stop.signal.aborted) leave.abort();
      stop.abort();
      shown.status('stopping');
    });
    const ended = AbortSignal.any([stop.signal, signal]);
    const watch = watchQueue(this.#parts, chat.model.name, (text) => shown.status(text));
    const draft = new AnswerDraft();
    const take = (event: AnswerEvent) => {
      if (event.kind !== 'waiting') watch.stop();
      draft.take(event);
      shown.take(event);
    };
    try {
      const { options, think } = chat.session;
      await eachOf(
        chat.server.answers.ask(questionOf(chat.model.name, messages, options, think), ended),
        take,
        leave.signal,
      );
      return { draft, failure: undefined };
    } catch (thrown) {
      return { draft, failure: toGollamaError(thrown) };
    } finally {
      watch.stop();
      shown.close();
      offInterrupt();
    }
  }

  #tell({ stats, reason, text }: GivenAnswer, isKept: boolean): void {
    const { chat, screen } = this.#parts;
    const use = chat.use();
    if (reason === 'failed') screen.note(isKept ? `[failed] what came of it is kept  ${WAYS_ON}` : '/retry asks again');
    else if (reason === 'stopped') screen.note(stoppedText(stats.completionTokens, isKept));
    else {
      if (text === '') screen.note('the model said nothing');
      if (reason === 'length') screen.note('[length] a limit of tokens was reached  (/continue goes on)');
      else if (reason !== 'stop') screen.note(`[${reason}] the answer was ended  ${WAYS_ON}`);
      if (chat.view.tellsStats) screen.note(statsText(stats, use));
    }
    if (use.level === 'tight' || use.level === 'over') {
      const ways = turnsToSumUp(chat.conversation, chat.contextTokens) > 0 ? '/compact or /undo' : '/undo';
      screen.note(`the context is ${percentText(use.share ?? 1)} full: ${ways} makes room`);
    }
  }

  async #save(): Promise<void> {
    const { chat, screen } = this.#parts;
    const outcome = await chat.save();
    if (outcome?.error) screen.problem(outcome.error);
    if (outcome) screen.note(outcome.note);
  }
}

function questionOf(
  model: string,
  messages: readonly ChatMessage[],
  options: Question['options'],
  think: Question['think'],
): Question {
  return { model, messages, options, ...(think === undefined ? {} : { think }) };
}

function stoppedText(tokens: number | undefined, isKept: boolean): string {
  if (!isKept) return '[stopped]  (/retry, /undo)';
  return `[stopped]${tokens === undefined ? '' : ` after ${tokens} tok`}, kept in the session  ${WAYS_ON}`;
}

/** Until the end, or until `leave` aborts: then what is not told yet is nobody's any more. */
async function eachOf(
  events: AsyncGenerator<AnswerEvent, void>,
  take: (event: AnswerEvent) => void,
  leave: AbortSignal,
): Promise<void> {
  const read = async () => {
    for await (const event of events) {
      if (leave.aborted) return;
      take(event);
    }
  };
  // One race for all events: whoever waits for what never comes is kept in memory.
  const left = new Promise<void>((resolve) => leave.addEventListener('abort', () => resolve()));
  const reading = read();
  reading.catch(() => undefined);
  await Promise.race([reading, left]);
}
