/** Numbers of a chat as words. Pure. */
import type { AnswerStats } from '../../chat/answer.js';
import type { ContextUse } from '../../chat/context-meter.js';

/** `118 tok · 57.9 tok/s · ttft 94 ms · wait 0 ms · context 240/8192 (3 %)`; what nobody knows is left out. */
export function statsText(stats: AnswerStats, use: ContextUse): string {
  const { completionTokens, tokensPerSecond, ttftMs, queueMs } = stats;
  return [
    ...(completionTokens === undefined ? [] : [`${completionTokens} tok`]),
    ...(tokensPerSecond === undefined ? [] : [`${tokensPerSecond.toFixed(1)} tok/s`]),
    ...(ttftMs === undefined ? [] : [`ttft ${timeText(ttftMs)}`]),
    ...(queueMs === undefined ? [] : [`wait ${timeText(queueMs)}`]),
    contextText(use),
  ].join(' · ');
}

/** `context 240/8192 (3 %)`; with `~` where a part of it is an estimate. */
export function contextText({ usedTokens, isEstimate, limitTokens, share }: ContextUse): string {
  const used = `${isEstimate ? '~' : ''}${usedTokens}`;
  if (limitTokens === undefined || share === undefined) return `context ${used}`;
  return `context ${used}/${limitTokens} (${percentText(share)})`;
}

export function percentText(share: number): string {
  return `${Math.round(share * 100)} %`;
}

export function timeText(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** `2.1 kB`, in steps of a thousand, as `ls --si` has them. */
export function sizeText(sizeBytes: number): string {
  if (sizeBytes < 1_000) return `${sizeBytes} B`;
  return sizeBytes < 1_000_000 ? `${(sizeBytes / 1_000).toFixed(1)} kB` : `${(sizeBytes / 1_000_000).toFixed(1)} MB`;
}

/** `540`, `78.5k`. */
export function countText(tokens: number): string {
  return tokens < 10_000 ? String(tokens) : `${(tokens / 1_000).toFixed(1)}k`;
}

export function plural(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`;
}

/** `just now`, `5 min ago`, `3 h ago`, `2 days ago`. */
export function agoText(agoMs: number): string {
  const minutes = Math.floor(agoMs / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} days ago`;
}
