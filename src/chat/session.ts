/** A saved conversation, and the JSON text that it is kept as. Pure. */
import { isJsonObject, type JsonObject } from '../protocol/json-object.js';
import type { AnswerStats, TokenUsage } from './answer.js';
import {
  type AttachedFile,
  type AttachedImage,
  type Conversation,
  EMPTY_CONVERSATION,
  type GivenAnswer,
  type Turn,
  type UserMessage,
} from './conversation.js';
import { findParameter, type ParameterValue } from './parameters.js';

type SessionOptions = Readonly<Record<string, ParameterValue>>;

export interface Session {
  /** `s-7k2`. */
  readonly id: string;
  /** One line; made of the first question until somebody names it. */
  readonly title: string;
  /** Epoch milliseconds. */
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** How often it was saved: who saves a session that somebody else has saved meanwhile, is told. */
  readonly revision: number;
  readonly model: string;
  readonly options: SessionOptions;
  readonly think: boolean | string | undefined;
  readonly conversation: Conversation;
}

export interface SessionSummary {
  readonly id: string;
  readonly title: string;
  readonly model: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly turns: number;
}

/** Of a file as it is written. A file of a later version is not read. */
const VERSION = 1;
const TITLE_CHARACTERS_MAX = 60;
const ID = /^s-[0-9a-z]{3,16}$/;

export function isSessionId(text: string): boolean {
  return ID.test(text);
}

export function newSession(id: string, model: string, atMs: number): Session {
  return {
    id,
    title: '',
    createdAtMs: atMs,
    updatedAtMs: atMs,
    revision: 0,
    model,
    options: {},
    think: undefined,
    conversation: EMPTY_CONVERSATION,
  };
}

export function summaryOf({ id, title, model, createdAtMs, updatedAtMs, conversation }: Session): SessionSummary {
  return { id, title, model, createdAtMs, updatedAtMs, turns: conversation.turns.length };
}

/** Its own title, or the first line of the first question. */
export function titleOf({ title, conversation }: Pick<Session, 'title' | 'conversation'>): string {
  if (title !== '') return title;
  const question = conversation.turns[0]?.question;
  const line = question?.text.split('\n').find((text) => text.trim() !== '') ?? question?.files[0]?.name ?? '';
  return shortened(line);
}

/** One line of at most 60 characters. */
export function shortened(text: string): string {
  const characters = Array.from(text.replace(/\s+/g, ' ').trim());
  if (characters.length <= TITLE_CHARACTERS_MAX) return characters.join('');
  return `${characters
    .slice(0, TITLE_CHARACTERS_MAX - 1)
    .join('')
    .trimEnd()}…`;
}

export function sessionText(session: Session): string {
  return `${JSON.stringify({ version: VERSION, ...session })}\n`;
}

/** Throws an Error that says what is wrong with it. */
export function parseSession(text: string): Session {
  const file = object(parsed(text), 'it');
  if (file.version !== VERSION) throw new Error(`it is of version ${String(file.version)}, not ${VERSION}`);
  if (typeof file.id !== 'string' || !isSessionId(file.id)) throw new Error('it has no id');
  return {
    id: file.id,
    title: textIn(file.title),
    createdAtMs: numberIn(file.createdAtMs) ?? 0,
    updatedAtMs: numberIn(file.updatedAtMs) ?? 0,
    revision: numberIn(file.revision) ?? 0,
    model: textIn(file.model),
    options: optionsOf(file.options),
    think: typeof file.think === 'boolean' || typeof file.think === 'string' ? file.think : undefined,
    conversation: conversationOf(object(file.conversation, 'its conversation')),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(text.trim() === '' ? 'it is empty' : 'it is not JSON');
  }
}

/** Only what can be set today: an older or a newer gollama may have known other names. */
function optionsOf(value: unknown): SessionOptions {
  const entries = isJsonObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, ParameterValue] => isOption(...entry)));
}

function isOption(name: string, value: unknown): boolean {
  try {
    const { kind } = findParameter(name);
    return kind === 'texts'
      ? Array.isArray(value) && value.every((item) => typeof item === 'string')
      : numberIn(value) !== undefined;
  } catch {
    return false;
  }
}

function conversationOf({ system, summary, turns }: JsonObject): Conversation {
  if (!Array.isArray(turns)) throw new Error('it has no turns');
  return {
    system: typeof system === 'string' ? system : undefined,
    summary: typeof summary === 'string' ? summary : undefined,
    turns: turns.map((turn, at) => turnOf(object(turn, `turn ${at + 1}`), at + 1)),
  };
}

function turnOf({ question, answer }: JsonObject, place: number): Turn {
  return {
    question: questionOf(object(question, `the question of turn ${place}`)),
    answer:
      answer === undefined || answer === null ? undefined : answerOf(object(answer, `the answer of turn ${place}`)),
  };
}

function questionOf({ text, files, images }: JsonObject): UserMessage {
  return {
    text: textIn(text),
    files: objectsIn(files).map(
      ({ name, text: content }): AttachedFile => ({ name: textIn(name), text: textIn(content) }),
    ),
    images: objectsIn(images).map(
      ({ name, mediaType, base64 }): AttachedImage => ({
        name: textIn(name),
        mediaType: textIn(mediaType),
        base64: textIn(base64),
      }),
    ),
  };
}

function answerOf({ text, reasoning, model, reason, usage, stats }: JsonObject): GivenAnswer {
  return {
    text: textIn(text),
    reasoning: textIn(reasoning),
    model: textIn(model),
    reason: typeof reason === 'string' ? reason : 'stop',
    usage: usageOf(usage),
    stats: statsOf(isJsonObject(stats) ? stats : {}),
  };
}

function usageOf(value: unknown): TokenUsage | undefined {
  const { promptTokens, completionTokens } = isJsonObject(value) ? value : {};
  const [prompt, completion] = [numberIn(promptTokens), numberIn(completionTokens)];
  return prompt === undefined || completion === undefined
    ? undefined
    : { promptTokens: prompt, completionTokens: completion };
}

function statsOf(stats: JsonObject): AnswerStats {
  return {
    queueMs: numberIn(stats.queueMs),
    ttftMs: numberIn(stats.ttftMs),
    tokensPerSecond: numberIn(stats.tokensPerSecond),
    completionTokens: numberIn(stats.completionTokens),
    promptTokens: numberIn(stats.promptTokens),
  };
}

function object(value: unknown, what: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw new Error(`${what} is no object`);
}

function objectsIn(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
