/** The JSON answer that grows from the chunks of an OpenAI stream (chat completions and completions). No I/O. */

import { isJsonObject, type JsonObject } from '../protocol/json-object.js';

/** Strings that a chunk states whole; every other string of a choice is a piece of a longer text. */
const WHOLE_STRINGS = new Set(['role', 'id', 'type', 'name', 'finish_reason']);
/** Reports on the way that a JSON answer never has (`return_progress`). */
const STREAM_ONLY = new Set(['prompt_progress']);

/**
 * How chunks are merged. No field gets lost, also none that is not known here:
 * - inside a choice, texts are joined, arrays appended (items that carry an `index` are merged by it, as tool calls
 *   are), objects merged by the same rules; of anything else the last value counts
 * - beside the choices, the last value counts. With several choices a llama-server sends `usage` and `timings` with
 *   each of them, and its JSON answer has those of the first: so what came with the first one stays.
 * - null never replaces a value
 */
export class AnswerDraft {
  readonly #fields: JsonObject = bare();
  readonly #choices = new Map<number, JsonObject>();
  readonly #fromFirst = new Set<string>();
  #latestIndex = 0;
  #keptChars = 0;

  /** Size of what the draft holds, in characters; not counted is what later chunks replace. */
  get keptChars(): number {
    return this.#keptChars;
  }

  /** True when every choice that began also ended. */
  get finished(): boolean {
    const choices = [...this.#choices.values()];
    return choices.length > 0 && choices.every((choice) => typeof choice.finish_reason === 'string');
  }

  add(chunk: JsonObject): void {
    const choices = Array.isArray(chunk.choices) ? chunk.choices.filter(isJsonObject) : [];
    for (const choice of choices) this.#addToChoice(choice);
    for (const [key, value] of Object.entries(chunk)) {
      if (key !== 'choices' && !STREAM_ONLY.has(key)) this.#setField(key, value);
    }
  }

  toJson(): string {
    const choices = [...this.#choices].sort(([one], [other]) => one - other).map(([, choice]) => finishChoice(choice));
    return JSON.stringify({ choices, ...this.#fields });
  }

  #addToChoice(part: JsonObject): void {
    const index = typeof part.index === 'number' ? part.index : 0;
    const choice = this.#choices.get(index) ?? bare();
    this.#choices.set(index, choice);
    this.#latestIndex = index;
    const { delta, ...rest } = part;
    this.#keptChars += mergeObject(choice, { index, ...(delta === undefined ? rest : { ...rest, message: delta }) });
  }

  #setField(key: string, value: unknown): void {
    const known = this.#fields[key] ?? null;
    if (value === null && known !== null) return;
    const fromFirst = this.#latestIndex === 0;
    if (this.#fromFirst.has(key) && !fromFirst) return;
    if (value !== null && fromFirst) this.#fromFirst.add(key);
    if (known === null) this.#keptChars += sizeChars(value);
    this.#fields[key] = key === 'object' && value === 'chat.completion.chunk' ? 'chat.completion' : value;
  }
}

/** All merge functions return how many characters they added. */
function mergeObject(target: JsonObject, part: JsonObject): number {
  let addedChars = 0;
  for (const [key, value] of Object.entries(part)) addedChars += mergeField(target, key, value);
  return addedChars;
}

function mergeField(target: JsonObject, key: string, value: unknown): number {
  const before = target[key];
  if (Array.isArray(value)) {
    const list: unknown[] = Array.isArray(before) ? before : [];
    target[key] = list;
    return mergeList(list, value);
  }
  if (isJsonObject(value)) {
    const into = isJsonObject(before) ? before : bare();
    target[key] = into;
    return mergeObject(into, value);
  }
  if (typeof value === 'string' && typeof before === 'string' && !WHOLE_STRINGS.has(key)) {
    target[key] = before + value;
    return value.length;
  }
  if (value === null && before !== undefined) return 0;
  target[key] = value;
  return before === undefined || typeof value === 'string' ? sizeChars(value) : 0;
}

function mergeList(list: unknown[], items: readonly unknown[]): number {
  let addedChars = 0;
  for (const item of items) {
    if (isJsonObject(item) && typeof item.index === 'number') addedChars += mergeObject(itemAt(list, item.index), item);
    else {
      list.push(item);
      addedChars += sizeChars(item);
    }
  }
  return addedChars;
}

function itemAt(list: unknown[], index: number): JsonObject {
  const known = list.find((item): item is JsonObject => isJsonObject(item) && item.index === index);
  if (known) return known;
  const item = bare();
  list.push(item);
  return item;
}

/** As a llama-server writes it: `content` is a text also where there is none, tool calls have no `index`. */
function finishChoice(choice: JsonObject): JsonObject {
  const message = choice.message;
  if (!isJsonObject(message)) return choice;
  const calls = message.tool_calls;
  return {
    ...choice,
    message: {
      ...message,
      content: message.content ?? '',
      ...(Array.isArray(calls) ? { tool_calls: calls.map(withoutIndex) } : {}),
    },
  };
}

function withoutIndex(call: unknown): unknown {
  if (!isJsonObject(call)) return call;
  const { index: _, ...rest } = call;
  return rest;
}

function sizeChars(value: unknown): number {
  return JSON.stringify(value)?.length ?? 0;
}

/** Without a prototype, so that a key like `__proto__` is a key like any other. */
function bare(): JsonObject {
  return Object.create(null) as JsonObject;
}
