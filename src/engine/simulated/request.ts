/**
 * What a request body asks of a simulated engine, or the Problem that llama-server would name.
 * Only fields that change the simulated answer are read; everything else is accepted, as llama-server does.
 */
import { invalidRequest, Problem } from './problem.js';
import { countTokens, hashText } from './words.js';

export interface GenerationRequest {
  readonly kind: 'chat' | 'completion';
  readonly model: string | undefined;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly timingsPerToken: boolean;
  /** How many alternatives each token lists; undefined = no logprobs. */
  readonly logprobs: number | undefined;
  /** Undefined = as long as the engine likes. */
  readonly maxTokens: number | undefined;
  readonly stop: readonly string[];
  readonly promptTokens: number;
  /** Equal for equal prompts and seeds: the answer's text follows from it. */
  readonly textSeed: number;
}

export interface EmbeddingRequest {
  readonly model: string | undefined;
  readonly base64: boolean;
  readonly inputs: readonly { readonly text: string; readonly tokens: number }[];
}

export type JsonObject = Record<string, unknown>;

/** What the chat template puts around a message, in tokens. */
const MESSAGE_TOKENS = 5;

export function parseBody(bytes: Buffer): JsonObject | Problem {
  const text = bytes.toString('utf8');
  try {
    const body: unknown = JSON.parse(text);
    if (isObject(body)) return body;
    return invalidRequest('Request body must be a JSON object');
  } catch {
    const where = text.trim() === '' ? 'column 1: attempting to parse an empty input' : 'column 1: syntax error';
    return invalidRequest(`[json.exception.parse_error.101] parse error at line 1, ${where}`);
  }
}

export function parseChat(body: JsonObject): GenerationRequest | Problem {
  const prompt = readMessages(body.messages);
  if (prompt instanceof Problem) return prompt;
  const messages = Array.isArray(body.messages) ? body.messages.length : 0;
  const top = body.top_logprobs;
  const logprobs = body.logprobs === true ? (typeof top === 'number' ? top : 0) : undefined;
  return readGeneration(body, 'chat', prompt, messages * MESSAGE_TOKENS, logprobs);
}

export function parseCompletion(body: JsonObject): GenerationRequest | Problem {
  const prompt = readPrompt(body.prompt);
  if (prompt === undefined) return invalidRequest("'prompt' is required", 'prompt');
  const logprobs = typeof body.logprobs === 'number' ? body.logprobs : undefined;
  return readGeneration(body, 'completion', prompt, 1, logprobs);
}

export function parseEmbedding(body: JsonObject): EmbeddingRequest | Problem {
  const input = body.input ?? body.content;
  if (input === undefined) return invalidRequest('"input" or "content" must be provided', 'input');
  const format = body.encoding_format;
  if (format !== undefined && format !== 'float' && format !== 'base64') {
    return invalidRequest('The format to return the embeddings in. Can be either float or base64', 'encoding_format');
  }
  const several = Array.isArray(input) && !input.every((part) => typeof part === 'number') ? input : [input];
  const inputs = several.map(readEmbeddingInput);
  if (inputs.some((entry) => entry === undefined || entry.tokens === 0)) {
    return invalidRequest('"input" must not be empty', 'input');
  }
  return { model: asText(body.model), base64: format === 'base64', inputs: inputs.filter((entry) => !!entry) };
}

function readGeneration(
  body: JsonObject,
  kind: GenerationRequest['kind'],
  prompt: string,
  extraTokens: number,
  logprobs: number | undefined,
): GenerationRequest | Problem {
  const wrong =
    wrongType(body, 'number', ['max_tokens', 'max_completion_tokens', 'n_predict', 'seed', 'n']) ??
    wrongType(body, 'boolean', ['stream', 'timings_per_token']) ??
    (typeof body.n === 'number' && body.n > 1
      ? invalidRequest('The simulated engine gives one choice only', 'n')
      : undefined);
  if (wrong) return wrong;
  const options = body.stream_options;
  return {
    kind,
    model: asText(body.model),
    stream: body.stream === true,
    includeUsage: isObject(options) && options.include_usage === true,
    timingsPerToken: body.timings_per_token === true,
    logprobs,
    maxTokens: readMaxTokens(body),
    stop: [body.stop].flat().filter((word): word is string => typeof word === 'string' && word !== ''),
    promptTokens: countTokens(prompt) + extraTokens,
    textSeed: hashText(`${prompt}\0${asNumber(body.seed) ?? ''}`),
  };
}

/** llama-server makes one token where 0 are asked for, and takes a negative number for no limit. */
function readMaxTokens(body: JsonObject): number | undefined {
  const asked = asNumber(body.max_completion_tokens) ?? asNumber(body.max_tokens) ?? asNumber(body.n_predict);
  return asked === undefined || asked < 0 ? undefined : Math.max(1, Math.floor(asked));
}

function readMessages(messages: unknown): string | Problem {
  if (messages === undefined) return invalidRequest("'messages' is required", 'messages');
  if (!Array.isArray(messages)) return invalidRequest("Expected 'messages' to be an array", 'messages');
  const texts = messages.map(readMessage);
  return texts.find((text) => text instanceof Problem) ?? texts.join('\n');
}

function readMessage(message: unknown): string | Problem {
  if (!isObject(message)) return invalidRequest("Expected 'messages' to be an array of objects", 'messages');
  const { role, content } = message;
  if (typeof role !== 'string') return invalidRequest("Missing 'role' in message", 'messages');
  if (typeof content === 'string') return `${role}\n${content}`;
  if (Array.isArray(content)) {
    const parts = content.map(readPart);
    return parts.find((part) => part instanceof Problem) ?? `${role}\n${parts.join('')}`;
  }
  if (role === 'assistant') return role;
  return invalidRequest("All non-assistant messages must contain 'content'", 'messages');
}

function readPart(part: unknown): string | Problem {
  if (isObject(part) && typeof part.text === 'string') return part.text;
  if (isObject(part) && part.type !== 'text') {
    const message = 'image input is not supported - hint: if this is unexpected, you may need to provide the mmproj';
    return new Problem(500, 'server_error', message);
  }
  return invalidRequest('unsupported content[].type', 'messages');
}

/** A prompt is a text, token numbers, or a list of one such. */
function readPrompt(prompt: unknown): string | undefined {
  if (typeof prompt === 'string') return prompt;
  if (Array.isArray(prompt) && prompt.length > 0) return prompt.map(String).join(' ');
  return undefined;
}

function readEmbeddingInput(input: unknown): { text: string; tokens: number } | undefined {
  if (typeof input === 'string') return { text: input, tokens: countTokens(input) };
  if (Array.isArray(input)) return { text: input.map(String).join(' '), tokens: input.length };
  return undefined;
}

function wrongType(body: JsonObject, type: 'number' | 'boolean', fields: readonly string[]): Problem | undefined {
  const field = fields.find((name) => body[name] !== undefined && body[name] !== null && typeof body[name] !== type);
  if (field === undefined) return undefined;
  const found = Array.isArray(body[field]) ? 'array' : typeof body[field];
  const message = `Field '${field}': [json.exception.type_error.302] type must be ${type}, but is ${found}`;
  return invalidRequest(message, field);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
