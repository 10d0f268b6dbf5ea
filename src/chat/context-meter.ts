/** How much of a model's context a conversation takes, and what does not fit into it. Pure. */
import type { GollamaError } from '../base/errors.js';
import {
  type Conversation,
  contentOf,
  SUMMARISE,
  type UserMessage,
  undone,
  userMessage,
  withoutOldest,
} from './conversation.js';

/**
 * - `unknown`: nobody tells the limit · `fine` · `tight`: from 80 % on · `over`: more than there is
 */
type ContextLevel = 'unknown' | 'fine' | 'tight' | 'over';

export interface ContextUse {
  /** Counted by the engine up to its last answer, estimated from there on. */
  readonly usedTokens: number;
  /** True where a part of it is an estimate. */
  readonly isEstimate: boolean;
  readonly limitTokens: number | undefined;
  /** `usedTokens / limitTokens`. */
  readonly share: number | undefined;
  readonly level: ContextLevel;
}

const TIGHT_SHARE = 0.8;
/** Of the text in UTF-8. English has about four bytes a token, Chinese three to four, code three. */
const BYTES_PER_TOKEN = 4;
/** Around every message. */
const MESSAGE_TOKENS = 4;
/** Vision models take from 256 to some thousand tokens an image. */
const IMAGE_TOKENS = 800;
/** What is left for a summary, which a model may think about first; of a small context less. */
const SUMMARY_TOKENS = 4096;
const SUMMARY_SHARE = 0.25;

export function estimatedTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}

function messageTokens(message: UserMessage): number {
  return MESSAGE_TOKENS + estimatedTokens(contentOf(message)) + message.images.length * IMAGE_TOKENS;
}

/** With `next`, the question that is about to be asked. */
export function contextUse(
  conversation: Conversation,
  limitTokens: number | undefined,
  next?: UserMessage,
): ContextUse {
  const { counted, turns } = countedPart(conversation);
  const estimated = turns.reduce((total, tokens) => total + tokens, 0) + (next ? messageTokens(next) : 0);
  const usedTokens = counted + estimated;
  const share = limitTokens === undefined ? undefined : usedTokens / limitTokens;
  return { usedTokens, isEstimate: estimated > 0, limitTokens, share, level: levelOf(share) };
}

/**
 * How many of the oldest turns must go so that the rest fits below `share` of the limit; undefined where not even the last
 * one does, or where the limit is not known.
 */
export function turnsToDrop(
  conversation: Conversation,
  limitTokens: number | undefined,
  share = TIGHT_SHARE,
): number | undefined {
  if (limitTokens === undefined) return undefined;
  for (let count = 0; count < Math.max(conversation.turns.length, 1); count++) {
    const { usedTokens } = contextUse(withoutOldest(conversation, count), limitTokens);
    if (usedTokens <= limitTokens * share) return count;
  }
  return undefined;
}

/** How many of the oldest turns fit beside a summary of them: all where the limit is not known, 0 where not even the first does. */
export function turnsToSumUp(conversation: Conversation, limitTokens: number | undefined): number {
  const { turns } = conversation;
  if (limitTokens === undefined) return turns.length;
  const roomTokens = Math.min(SUMMARY_TOKENS, limitTokens * SUMMARY_SHARE);
  const request = userMessage(SUMMARISE);
  for (let count = turns.length; count > 0; count--) {
    const { usedTokens } = contextUse(undone(conversation, turns.length - count), limitTokens, request);
    if (usedTokens + roomTokens <= limitTokens) return count;
  }
  return 0;
}

/** What servers say when a prompt is longer than their context: llama-server, OpenAI, vLLM, Ollama. */
const OVERFLOW =
  /exceed_context_size|context_length_exceeded|exceeds? the available context|maximum context length|(exceeds?|longer than) the (model's )?(maximum )?context|prompt is too long|input length exceeds/i;

/** Whether the question was refused because it is longer than the context, or than a request may be. */
export function isContextOverflow(error: GollamaError): boolean {
  return error.code === 'body_too_large' || OVERFLOW.test(error.message);
}

function levelOf(share: number | undefined): ContextLevel {
  if (share === undefined) return 'unknown';
  if (share > 1) return 'over';
  return share >= TIGHT_SHARE ? 'tight' : 'fine';
}

/**
 * What the engine counted with its last answer stands for everything before; of the rest, an estimate for each turn. Earlier
 * reasoning is not sent again, so a count with reasoning in it is a little too high, never too low.
 */
function countedPart(conversation: Conversation): { counted: number; turns: number[] } {
  const { turns, system, summary } = conversation;
  const at = turns.findLastIndex(({ answer }) => answer?.usage !== undefined);
  const usage = turns[at]?.answer?.usage;
  const counted = usage
    ? usage.promptTokens + usage.completionTokens
    : estimatedTokens(system ?? '') + estimatedTokens(summary ?? '');
  return { counted, turns: turns.slice(at + 1).map(turnTokens) };
}

function turnTokens({ question, answer }: Conversation['turns'][number]): number {
  return messageTokens(question) + (answer ? MESSAGE_TOKENS + estimatedTokens(answer.text) : 0);
}
