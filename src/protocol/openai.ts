/** What gollama itself reads of an OpenAI request; everything else in it is the engine's business. */
import { GollamaError } from '../base/errors.js';
import { isJsonObject, type JsonObject, parseJsonObject } from './json-object.js';

export interface RequestOutline {
  /** The body parsed, or undefined where it is no JSON object: it is then forwarded as it is. */
  readonly body: Readonly<JsonObject> | undefined;
  readonly model: string | undefined;
  readonly stream: boolean;
  /** True where the client itself asked for the usage chunk of a stream. */
  readonly wantsUsage: boolean;
}

const NOTHING: RequestOutline = { body: undefined, model: undefined, stream: false, wantsUsage: false };

/** Reads the outline of a request body. Throws `invalid_request` where a field that gollama needs has the wrong type. */
export function outlineOf(bytes: Buffer): RequestOutline {
  const body = parseJsonObject(bytes);
  if (body === undefined) return NOTHING;
  const { model, stream, stream_options: options } = body;
  if (model !== undefined && model !== null && typeof model !== 'string') {
    throw new GollamaError('invalid_request', `'model' must be a string, got ${typeName(model)}`, { param: 'model' });
  }
  return {
    body,
    model: model ?? undefined,
    stream: stream === true,
    wantsUsage: isJsonObject(options) && options.include_usage === true,
  };
}

/** OpenAI's own paths for text: streams of these end with `data: [DONE]`, and may carry a usage chunk before it. */
export function isTextPath(path: string): boolean {
  return /^\/v1\/(chat\/)?completions(?=\?|$)/.test(path);
}

function typeName(value: unknown): string {
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}
