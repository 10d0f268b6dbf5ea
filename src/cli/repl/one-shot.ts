/** One question, one answer: for pipes, files and programs. */
import type { Clock } from '../../base/clock.js';
import { GollamaError, toGollamaError } from '../../base/errors.js';
import type { AnswerEvent } from '../../chat/answer.js';
import { answered, asked, messagesOf } from '../../chat/conversation.js';
import { AnswerDraft } from './answer-draft.js';
import { ShownAnswer } from './answer-view.js';
import { messageWith } from './attaching.js';
import type { Chat } from './chat.js';
import { countText, statsText } from './figures.js';
import { PipedAnswer } from './piped-answer.js';
import type { Screen } from './screen.js';

export interface OneShotParts {
  readonly chat: Chat;
  readonly screen: Screen;
  readonly clock: Clock;
  /** The answer is not printed. */
  readonly isJson: boolean;
  /** The answer goes into a file. */
  readonly isFile: boolean;
  /** Stops the answer; what came of it is kept. */
  readonly signal: AbortSignal;
}

/** What `--json` prints. */
export interface OneShotAnswer {
  readonly model: string;
  readonly text: string;
  readonly reasoning: string;
  readonly usage: { readonly prompt: number; readonly completion: number } | null;
  /** null where nobody knows. */
  readonly timing: {
    readonly queueMs: number | null;
    readonly ttftMs: number | null;
    readonly tokensPerSecond: number | null;
  };
  readonly finishReason: string;
  /** The session that has it. */
  readonly session: string | null;
}

/** Rejects where it failed, after what came of it was printed and kept. */
export async function answerOnce(text: string, parts: OneShotParts): Promise<OneShotAnswer> {
  const { chat, screen } = parts;
  chat.conversation = asked(chat.conversation, messageWith(text, chat.attachments));
  chat.attachments = [];
  warnOfSize(parts);
  const view = parts.isJson ? undefined : await viewOf(parts);
  const draft = new AnswerDraft();
  let failure: GollamaError | undefined;
  // At a terminal the view tells it.
  const progress = screen.isWatched && view ? undefined : screen.progress('waiting');
  try {
    const { model, session } = chat;
    const { options, think } = session;
    const messages = messagesOf(chat.conversation);
    for await (const event of chat.server.answers.ask({ model: model.name, messages, options, think }, parts.signal)) {
      if (event.kind === 'text' && view) progress?.stop();
      draft.take(event);
      view?.take(event);
    }
  } catch (thrown) {
    failure = toGollamaError(thrown);
  } finally {
    progress?.stop();
    view?.close();
  }
  await keep(draft, failure, parts);
  if (failure) throw failure;
  if (draft.reason === 'cancelled') throw new GollamaError('cancelled', 'somebody cancelled the answer');
  tell(draft, parts);
  return told(draft, chat);
}

interface View {
  take(event: AnswerEvent): void;
  close(): void;
}

async function viewOf({ chat, screen, clock, isFile }: OneShotParts): Promise<View> {
  if (screen.isWatched) {
    return new ShownAnswer({ screen, clock, view: chat.view, newView: await screen.answers() });
  }
  return new PipedAnswer((text) => void screen.out.write(text), {
    isHeld: isFile,
    onAnew: () => screen.note('the answer was begun again; all of it follows'),
  });
}

/** Servers refuse what does not fit, or cut it off without a word: then at least here is one. */
function warnOfSize({ chat, screen }: OneShotParts): void {
  const { level, usedTokens, limitTokens } = chat.use();
  if (level === 'over') screen.note(`this is ~${countText(usedTokens)} tokens, and the context has ${limitTokens}`);
}

async function keep(
  draft: AnswerDraft,
  failure: GollamaError | undefined,
  { chat, screen }: OneShotParts,
): Promise<void> {
  if (draft.text === '' && (failure || draft.reason === 'stopped')) return;
  const reason = failure ? 'failed' : draft.reason;
  chat.conversation = answered(chat.conversation, { ...draft.answer(chat.model.name), reason });
  const outcome = await chat.save();
  if (outcome?.error) screen.problem(outcome.error);
  if (outcome) screen.note(outcome.note);
}

function tell({ reason, stats }: AnswerDraft, { chat, screen, isJson }: OneShotParts): void {
  // Who stopped it knows.
  if (isJson || reason === 'stopped') return;
  if (reason !== 'stop') screen.note(`[${reason}] the answer is not complete`);
  else if (screen.err.isTTY && chat.view.tellsStats) screen.note(statsText(stats, chat.use()));
}

function told(
  { text, reasoning, reason, usage, stats }: AnswerDraft,
  { model, session, isSaved }: Chat,
): OneShotAnswer {
  return {
    model: model.name,
    text,
    reasoning,
    usage: usage ? { prompt: usage.promptTokens, completion: usage.completionTokens } : null,
    timing: {
      queueMs: rounded(stats.queueMs),
      ttftMs: rounded(stats.ttftMs),
      tokensPerSecond: rounded(stats.tokensPerSecond, 2),
    },
    finishReason: reason,
    session: isSaved && session.revision > 0 ? session.id : null,
  };
}

function rounded(figure: number | undefined, digits = 0): number | null {
  return figure === undefined ? null : Number(figure.toFixed(digits));
}
