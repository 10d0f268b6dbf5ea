/** A work item as the body of a request. */
import { createHash } from 'node:crypto';
import type { RequestSettings, Target, WorkItem } from './plan.js';

const PATHS = { chat: '/v1/chat/completions', completions: '/v1/completions', embeddings: '/v1/embeddings' } as const;

export function requestPath(target: Target): string {
  return PATHS[target.endpoint];
}

/** `withUsage`: ask for the usage chunk of a stream; a few servers answer 400 to that. */
export function requestBody(target: Target, settings: RequestSettings, item: WorkItem, withUsage: boolean): string {
  const { endpoint, model, stream } = target;
  if (endpoint === 'embeddings') {
    return JSON.stringify({ model, input: item.messages.map(({ content }) => content), ...settings.extraBody });
  }
  const prompt =
    endpoint === 'chat'
      ? { messages: item.messages }
      : { prompt: item.messages.map(({ content }) => content).join('\n\n') };
  return JSON.stringify({
    model,
    ...prompt,
    max_tokens: item.maxTokens,
    temperature: settings.temperature,
    stream,
    ...(stream && withUsage ? { stream_options: { include_usage: true } } : {}),
    ...(settings.ignoreEos ? { ignore_eos: true } : {}),
    ...settings.extraBody,
  });
}

/** Tells requests with the same prompt, without telling the prompt. */
export function promptHash(item: WorkItem): string {
  return createHash('sha256').update(JSON.stringify(item.messages)).digest('hex').slice(0, 16);
}
