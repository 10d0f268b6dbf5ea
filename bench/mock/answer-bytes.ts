/** What the mock puts on the wire: prebuilt where it can be, because it is written thousands of times a second. */

export type TextEndpoint = 'chat' | 'completions';

export interface ChunkShape {
  readonly endpoint: TextEndpoint;
  readonly tokensPerChunk: number;
  /** An event is filled up to this size; 0: as long as it is. */
  readonly chunkBytes: number;
}

/** What was asked for, and what it will be given. */
export interface AnswerFacts {
  readonly tokens: number;
  readonly promptTokens: number;
  readonly finishReason: 'stop' | 'length';
  readonly withUsage: boolean;
}

export const MODEL = 'mock';
const ID = 'mock-000000000000000000000000';
const CREATED = 1_700_000_000;
const WORD = 'word ';
/** Digits of a stamp in microseconds: enough for 300 years of uptime, and always the same length. */
const STAMP_DIGITS = 16;

export const STREAM_HEAD = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n',
);
export const LAST_HTTP_CHUNK = '0\r\n\r\n';

/** `text` as one chunk of a chunked body. It must be ASCII. */
function httpChunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

/** The events of one kind of stream, each in an HTTP chunk of its own. */
export class ChunkBytes {
  readonly #shape: ChunkShape;
  /** Around the stamp, or around the text. */
  readonly #before: string;
  readonly #after: string;
  readonly #plain: Buffer;

  constructor(shape: ChunkShape) {
    this.#shape = shape;
    const mark = '#'.repeat(STAMP_DIGITS);
    const stamped = httpChunk(filled(event(shape.endpoint, contentDelta(shape, `${mark} `), null), shape.chunkBytes));
    const at = stamped.indexOf(mark);
    this.#before = stamped.slice(0, at);
    this.#after = stamped.slice(at + STAMP_DIGITS);
    const text = WORD.repeat(shape.tokensPerChunk);
    this.#plain = Buffer.from(
      httpChunk(filled(event(shape.endpoint, contentDelta(shape, text), null), shape.chunkBytes)),
    );
  }

  /** An event of `tokensPerChunk` tokens. */
  get plain(): Buffer {
    return this.#plain;
  }

  /** The same with the time of sending as its text: 16 digits, microseconds, and a space. */
  stamped(sentUs: number): string {
    return this.#before + Math.round(sentUs).toString().padStart(STAMP_DIGITS, '0') + this.#after;
  }

  /** What comes ahead of the first token, as servers send it: the role, and no text. */
  opening(): string {
    const { endpoint } = this.#shape;
    return endpoint === 'chat' ? httpChunk(event(endpoint, { role: 'assistant', content: '' }, null)) : '';
  }

  /** The finish reason, the usage where it was asked for, `[DONE]`, and the end of the body. */
  ending({ tokens, promptTokens, finishReason, withUsage }: AnswerFacts): string {
    const { endpoint } = this.#shape;
    const usage = { choices: [], usage: usageOf(promptTokens, tokens) };
    const last = [event(endpoint, endpoint === 'chat' ? {} : '', finishReason)];
    if (withUsage) last.push(`data: ${JSON.stringify({ ...envelope(endpoint), ...usage })}\n\n`);
    return `${httpChunk(`${last.join('')}data: [DONE]\n\n`)}${LAST_HTTP_CHUNK}`;
  }
}

/** The times of sending in a text of stamped events, in microseconds. */
export function stampsIn(text: string): number[] {
  return (text.match(/\d{16}(?= )/g) ?? []).map(Number);
}

/** The answer to a request that does not stream. */
export function wholeAnswer(endpoint: TextEndpoint, facts: AnswerFacts): object {
  const text = WORD.repeat(facts.tokens);
  const content = endpoint === 'chat' ? { message: { role: 'assistant', content: text } } : { text };
  return {
    ...envelope(endpoint),
    object: endpoint === 'chat' ? 'chat.completion' : 'text_completion',
    choices: [{ index: 0, ...content, finish_reason: facts.finishReason }],
    usage: usageOf(facts.promptTokens, facts.tokens),
  };
}

export function jsonResponse(status: number, body: object): string {
  const json = JSON.stringify(body);
  return `HTTP/1.1 ${status} -\r\ncontent-type: application/json\r\ncontent-length: ${json.length}\r\n\r\n${json}`;
}

function envelope(endpoint: TextEndpoint): object {
  const object = endpoint === 'chat' ? 'chat.completion.chunk' : 'text_completion';
  return { id: ID, object, created: CREATED, model: MODEL, system_fingerprint: 'mock' };
}

function event(endpoint: TextEndpoint, delta: object | string, finishReason: string | null): string {
  const content = typeof delta === 'string' ? { text: delta } : { delta };
  const choices = [{ index: 0, ...content, logprobs: null, finish_reason: finishReason }];
  return `data: ${JSON.stringify({ ...envelope(endpoint), choices })}\n\n`;
}

function contentDelta({ endpoint }: ChunkShape, text: string): object | string {
  return endpoint === 'chat' ? { content: text } : text;
}

/** Filled up with a member that readers do not know. */
function filled(eventText: string, bytes: number): string {
  const missing = bytes - eventText.length - ',"padding":""'.length;
  return missing < 0 ? eventText : eventText.replace(/\}\n\n$/, `,"padding":"${'x'.repeat(missing)}"}\n\n`);
}

function usageOf(promptTokens: number, completionTokens: number): object {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}
