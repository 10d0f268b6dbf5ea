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
  const promptTokens = usage.prompt_tokens ?? usage.input_tokens;
  if (typeof promptTokens !== 'number') return undefined;
  const completionTokens = usage.completion_tokens ?? usage.output_tokens;
  return { promptTokens, completionTokens: typeof completionTokens === 'number' ? completionTokens : 0 };
}

function fromTimings(timings: Record<string, unknown> | undefined): TokenUsage | undefined {
  if (timings === undefined || typeof timings.predicted_n !== 'number') return undefined;
  const cached = typeof timings.cache_n === 'number' ? timings.cache_n : 0;
  const prompt = typeof timings.prompt_n === 'number' ? timings.prompt_n : 0;
  return { promptTokens: cached + prompt, completionTokens: timings.predicted_n };
}

/** The last object that stands behind `"name":`; counts have no strings inside, so braces can simply be counted. */
function lastObject(text: string, name: string): Record<string, unknown> | undefined {
  const found = new RegExp(`"${name}"\\s*:\\s*\\{`, 'g');
  let start = -1;
  for (const match of text.matchAll(found)) start = match.index + match[0].length - 1;
  if (start < 0) return undefined;
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
