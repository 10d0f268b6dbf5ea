/** What one request will get, decided before its first token: the text, its end and its pace. Pure. */
import type { FinishReason } from './answer-format.js';
import type { FaultPlan } from './faults.js';
import type { GenerationRequest } from './request.js';
import { type Token, writeText, writeWideText } from './words.js';

/** How fast a simulated engine is. */
export interface Pace {
  /** From the start of a request to its first token, for an empty prompt. */
  readonly ttftMs: number;
  readonly tokenMs: number;
  /** How fast a prompt is read, on top of `ttftMs`; undefined = at once. */
  readonly promptTokensPerSecond?: number | undefined;
}

export interface Script {
  readonly request: GenerationRequest;
  /** At least one. */
  readonly tokens: readonly Token[];
  readonly reason: FinishReason;
  readonly firstTokenMs: number;
  readonly tokenMs: number;
  readonly fault: FaultPlan | undefined;
}

/** Length of an answer whose request sets none. */
const TOKENS_DEFAULT = 64;

export function writeScript(
  request: GenerationRequest,
  options: { readonly pace: Pace; readonly seed: number; readonly roomTokens: number },
  fault: FaultPlan | undefined,
): Script {
  const wanted = request.maxTokens ?? TOKENS_DEFAULT;
  const count = Math.max(1, Math.min(wanted, options.roomTokens));
  const write = fault?.name === 'split-utf8' ? writeWideText : writeText;
  const written = write((request.textSeed ^ options.seed) >>> 0, count);
  const tokens = cutAtStop(written, request.stop);
  const complete = request.maxTokens === undefined && count === TOKENS_DEFAULT;
  return {
    request,
    tokens,
    reason: complete || tokens !== written ? 'stop' : 'length',
    firstTokenMs: firstTokenMs(options.pace, request.promptTokens),
    tokenMs: options.pace.tokenMs,
    fault,
  };
}

export function firstTokenMs(pace: Pace, promptTokens: number): number {
  return pace.ttftMs + (pace.promptTokensPerSecond ? (promptTokens * 1000) / pace.promptTokensPerSecond : 0);
}

/** When token `index` is due, in milliseconds after the start of the request. */
export function dueMs(script: Script, index: number): number {
  return script.firstTokenMs + index * script.tokenMs;
}

/** How many tokens are made `elapsedMs` after the start. */
export function tokensMade(script: Script, elapsedMs: number): number {
  if (elapsedMs < script.firstTokenMs) return 0;
  if (script.tokenMs <= 0) return script.tokens.length;
  return Math.min(script.tokens.length, 1 + Math.floor((elapsedMs - script.firstTokenMs) / script.tokenMs));
}

/** The tokens in front of the first stop word; the same array where none occurs. A stop word may span tokens. */
function cutAtStop(tokens: readonly Token[], stop: readonly string[]): readonly Token[] {
  if (stop.length === 0) return tokens;
  const text = textOf(tokens);
  const found = stop.map((word) => text.indexOf(word)).filter((at) => at >= 0);
  if (found.length === 0) return tokens;
  return prefix(tokens, Math.min(...found));
}

function prefix(tokens: readonly Token[], length: number): Token[] {
  const kept: Token[] = [];
  let left = length;
  for (const token of tokens) {
    if (left <= 0 && kept.length > 0) break;
    const text = token.text.slice(0, Math.max(left, 0));
    kept.push(text === token.text ? token : { id: token.id, text, json: JSON.stringify(text) });
    left -= token.text.length;
  }
  return kept;
}

export function textOf(tokens: readonly Token[]): string {
  return tokens.map((token) => token.text).join('');
}
