/** What was said, and what of it a model is sent. Pure: every operation gives a new conversation. */
import type { ChatMessage } from '../protocol/task.js';
import type { AnswerStats, EndReason, TokenUsage } from './answer.js';

export interface AttachedFile {
  readonly name: string;
  readonly text: string;
}

export interface AttachedImage {
  readonly name: string;
  readonly mediaType: string;
  readonly base64: string;
}

export interface UserMessage {
  readonly text: string;
  readonly files: readonly AttachedFile[];
  readonly images: readonly AttachedImage[];
}

export interface GivenAnswer {
  readonly text: string;
  /** Never sent again: models do not expect their earlier thoughts. */
  readonly reasoning: string;
  readonly model: string;
  readonly reason: EndReason;
  readonly usage: TokenUsage | undefined;
  readonly stats: AnswerStats;
}

export interface Turn {
  readonly question: UserMessage;
  /** Undefined while there is none, and where there was none: it failed, or is to be asked again. */
  readonly answer: GivenAnswer | undefined;
}

export interface Conversation {
  readonly system: string | undefined;
  /** Of turns that were replaced by it. */
  readonly summary: string | undefined;
  readonly turns: readonly Turn[];
}

export const EMPTY_CONVERSATION: Conversation = { system: undefined, summary: undefined, turns: [] };

export function userMessage(text: string): UserMessage {
  return { text, files: [], images: [] };
}

export function withSystem(conversation: Conversation, system: string | undefined): Conversation {
  return { ...conversation, system: system === '' ? undefined : system };
}

/** A question more, without an answer yet. A last question that has none is replaced: it was never answered. */
export function asked(conversation: Conversation, question: UserMessage): Conversation {
  const { turns } = conversation;
  const answered = turns.at(-1)?.answer === undefined ? turns.slice(0, -1) : turns;
  return { ...conversation, turns: [...answered, { question, answer: undefined }] };
}

/** The last question with this answer, in place of any. */
export function answered(conversation: Conversation, answer: GivenAnswer): Conversation {
  const last = conversation.turns.at(-1);
  if (!last) return conversation;
  return { ...conversation, turns: [...conversation.turns.slice(0, -1), { ...last, answer }] };
}

/**
 * The last answer with `more` at its end. Generated tokens add up; usage, speed and waiting are those of `more`, whose prompt
 * had the beginning in it.
 */
export function continued(conversation: Conversation, more: GivenAnswer): Conversation {
  const before = conversation.turns.at(-1)?.answer;
  if (!before) return answered(conversation, more);
  const completionTokens = sum(before.stats.completionTokens, more.stats.completionTokens);
  return answered(conversation, {
    ...more,
    text: before.text + more.text,
    reasoning: before.reasoning + more.reasoning,
    stats: { ...more.stats, completionTokens },
  });
}

/** Without the last `count` turns. */
export function undone(conversation: Conversation, count = 1): Conversation {
  const kept = Math.max(conversation.turns.length - Math.max(count, 0), 0);
  return { ...conversation, turns: conversation.turns.slice(0, kept) };
}

/** The last question waits for an answer again. */
export function withoutLastAnswer(conversation: Conversation): Conversation {
  const last = conversation.turns.at(-1);
  if (!last) return conversation;
  return { ...conversation, turns: [...conversation.turns.slice(0, -1), { ...last, answer: undefined }] };
}

/** Nothing was said; the system text stays. */
export function cleared({ system }: Conversation): Conversation {
  return { ...EMPTY_CONVERSATION, system };
}

/** `summary` in place of all turns but the last `keptTurns`. */
export function compacted(conversation: Conversation, summary: string, keptTurns = 0): Conversation {
  return { ...withoutOldest(conversation, conversation.turns.length - keptTurns), summary };
}

/** Without the first `count` turns. What the engine counted of the others had those in it: it counts no more. */
export function withoutOldest(conversation: Conversation, count: number): Conversation {
  if (count <= 0) return conversation;
  const turns = conversation.turns.slice(count);
  return { ...conversation, turns: turns.map((turn) => ({ ...turn, answer: turn.answer && uncounted(turn.answer) })) };
}

export function lastAnswer({ turns }: Conversation): GivenAnswer | undefined {
  return turns.findLast(({ answer }) => answer !== undefined)?.answer;
}

/** Generated in all turns that are there. */
export function completionTokens({ turns }: Conversation): number {
  return turns.reduce((total, { answer }) => total + (answer?.stats.completionTokens ?? 0), 0);
}

// ---- what is sent

/** To be answered: the last message is the last question, where it has no answer yet. */
export function messagesOf(conversation: Conversation): readonly ChatMessage[] {
  return alternating([...systemMessages(conversation), ...conversation.turns.flatMap(turnMessages)]);
}

const GO_ON =
  'Your last answer was cut off. Go on exactly where it ended, in the middle of a word if need be. Repeat nothing of it, and say nothing about it.';

/** As `messagesOf`, for the last answer to go on; see `AnswerSource.continuation`. Without text of it, it is asked for anew. */
export function continuationMessages(conversation: Conversation, way: 'prefill' | 'ask'): readonly ChatMessage[] {
  const text = conversation.turns.at(-1)?.answer?.text ?? '';
  if (text.trim() === '') return messagesOf(withoutLastAnswer(conversation));
  const messages = messagesOf(conversation);
  return way === 'prefill' ? messages : [...messages, { role: 'user', content: GO_ON }];
}

/** What a summary is asked for with. */
export const SUMMARISE =
  'Summarise our conversation so far, so that it can be continued from the summary alone. Keep facts, decisions, names, numbers, code that is still needed, and open questions. Write in the language of the conversation. Give the summary only.';

/** Asks for the summary of the first `count` turns that `compacted` takes. */
export function summaryMessages(conversation: Conversation, count: number): readonly ChatMessage[] {
  const oldest = undone(conversation, conversation.turns.length - count);
  return alternating([...messagesOf(oldest), { role: 'user', content: SUMMARISE }]);
}

/** One message: templates of many models take no second one. */
function systemMessages({ system, summary }: Conversation): ChatMessage[] {
  const remembered = summary === undefined ? undefined : `Summary of the conversation so far:\n${summary}`;
  const content = [system, remembered].filter((part) => part !== undefined).join('\n\n');
  return content === '' ? [] : [{ role: 'system', content }];
}

function turnMessages({ question, answer }: Turn): ChatMessage[] {
  const images = question.images.map(({ base64 }) => base64);
  const content = contentOf(question);
  const messages: ChatMessage[] = [{ role: 'user', content, ...(images.length > 0 ? { images } : {}) }];
  if (answer !== undefined && answer.text !== '') messages.push({ role: 'assistant', content: answer.text });
  return messages;
}

/** Templates of some models refuse two messages of the user in a row, which an answer without text leaves behind. */
function alternating(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const joined: ChatMessage[] = [];
  for (const message of messages) {
    const before = joined.at(-1);
    if (before?.role !== 'user' || message.role !== 'user') joined.push(message);
    else joined[joined.length - 1] = joinedMessage(before, message);
  }
  return joined;
}

function joinedMessage(one: ChatMessage, other: ChatMessage): ChatMessage {
  const images = [...(one.images ?? []), ...(other.images ?? [])];
  const content = `${one.content}\n\n${other.content}`;
  return { role: one.role, content, ...(images.length > 0 ? { images } : {}) };
}

/** Files first: what is asked about them is then the last thing that is read. */
export function contentOf({ text, files }: UserMessage): string {
  const parts = files.map((file) => `<file name=${JSON.stringify(file.name)}>\n${endedLine(file.text)}</file>`);
  return [...parts, text].filter((part) => part !== '').join('\n\n');
}

function uncounted(answer: GivenAnswer): GivenAnswer {
  return { ...answer, usage: undefined };
}

function endedLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

function sum(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (other ?? one) : one + other;
}
