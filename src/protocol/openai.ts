/** What gollama itself reads of an OpenAI request; everything else in it is the engine's business. */
import { GollamaError } from '../base/errors.js';
import { isJsonObject, type JsonObject, readMembers } from './json-object.js';

export interface RequestOutline {
  /** False where the body is no JSON object: it is then forwarded as it is. */
  readonly isObject: boolean;
  readonly model: string | undefined;
  readonly stream: boolean;
  /** Undefined where they are absent, or no object. */
  readonly streamOptions: Readonly<JsonObject> | undefined;
}

const NOTHING: RequestOutline = { isObject: false, model: undefined, stream: false, streamOptions: undefined };
const READ = ['model', 'stream', 'stream_options'];
/** Names are told back in messages and in the log. */
const MODEL_CHARS_MAX = 512;

/** Reads the outline of a request body. Throws `invalid_request` where a field that gollama needs is not what it must be. */
export function outlineOf(bytes: Buffer): RequestOutline {
  const members = readMembers(bytes, READ);
  if (members === undefined) return NOTHING;
  const { model, stream, stream_options: options } = members;
  if (model !== undefined && model !== null && typeof model !== 'string') {
    throw new GollamaError('invalid_request', `'model' must be a string, got ${typeName(model)}`, { param: 'model' });
  }
  if (model && model.length > MODEL_CHARS_MAX) {
    throw new GollamaError('invalid_request', `'model' is longer than ${MODEL_CHARS_MAX} characters`, {
      param: 'model',
    });
  }
  return {
    isObject: true,
    model: model ?? undefined,
    stream: stream === true,
    streamOptions: isJsonObject(options) ? options : undefined,
  };
}

/** OpenAI's own paths for text: streams of these end with `data: [DONE]`, and may carry a usage chunk before it. */
export function isTextPath(path: string): boolean {
  return /^\/v1\/(chat\/)?completions(?=\?|$)/.test(path);
}

function typeName(value: unknown): string {
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}
