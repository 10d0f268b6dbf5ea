/** Token counts out of the bytes of an answer, without parsing the answer. */

export interface TokenUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/**
 * Looks for the last `"usage":{...}` (OpenAI) or `"timings":{...}` (llama-server, which counts unasked) in a piece of
 * an answer, usually its end. Undefined where neither is there whole.
 */
export function findUsage(bytes: Buffer): TokenUsage | undefined {
  const text = bytes.toString('latin1');
  return fromUsage(lastObject(text, 'usage')) ?? fromTimings(lastObject(text, 'timings'));
}

function fromUsage(usage: Record<string, unknown> | undefined): TokenUsage | undefined {
  if (usage === undefined) return undefined;
  const promptTokens = count(usage.prompt_tokens ?? usage.input_tokens);
  if (promptTokens === undefined) return undefined;
  return { promptTokens, completionTokens: count(usage.completion_tokens ?? usage.output_tokens) ?? 0 };
}

function fromTimings(timings: Record<string, unknown> | undefined): TokenUsage | undefined {
  const completionTokens = count(timings?.predicted_n);
  if (timings === undefined || completionTokens === undefined) return undefined;
  return { promptTokens: (count(timings.cache_n) ?? 0) + (count(timings.prompt_n) ?? 0), completionTokens };
}

/** Counters only go up: what is no count must not reach them. */
function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** Sticky: it is asked only at the place behind a key. */
const OBJECT_BEHIND_KEY = /\s*:\s*\{/y;

/** The last object that stands behind `"name":`; counts have no strings inside, so braces can simply be counted. */
function lastObject(text: string, name: string): Record<string, unknown> | undefined {
  const key = `"${name}"`;
  for (let at = text.lastIndexOf(key); at >= 0; at = at === 0 ? -1 : text.lastIndexOf(key, at - 1)) {
    OBJECT_BEHIND_KEY.lastIndex = at + key.length;
    if (OBJECT_BEHIND_KEY.test(text)) return objectAt(text, OBJECT_BEHIND_KEY.lastIndex - 1);
  }
  return undefined;
}

function objectAt(text: string, start: number): Record<string, unknown> | undefined {
  let depth = 0;
  for (let place = start; place < text.length; place += 1) {
    if (text[place] === '{') depth += 1;
    else if (text[place] === '}') depth -= 1;
    if (depth === 0) return parse(text.slice(start, place + 1));
  }
  return undefined;
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
