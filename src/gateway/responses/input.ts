/** The input of a response, a text or a list of items, as chat messages in Ollama's shape: what every engine understands. Pure. */
import { isJsonObject, type JsonObject } from '../../protocol/json-object.js';
import type { ChatMessage } from '../../protocol/task.js';
import { kindOf } from '../../protocol/task-payload.js';
import { invalid } from './invalid.js';

/** Throws `invalid_request` that names the item at fault. */
export function inputMessages(input: unknown): readonly ChatMessage[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  if (!Array.isArray(input)) throw invalid('input', `must be a string or a list of items, got ${kindOf(input)}`);
  const conversation = new Conversation();
  for (const [at, item] of input.entries()) conversation.add(item, `input[${at}]`);
  return conversation.messages;
}

/** What a response said, as items of a later input. */
export function outputMessages(output: readonly JsonObject[]): readonly ChatMessage[] {
  return inputMessages(output);
}

interface Draft {
  readonly role: string;
  content: string;
  thinking?: string;
  images?: string[];
  tool_calls?: JsonObject[];
  readonly tool_call_id?: string;
  readonly tool_name?: string;
}

/** Reasoning, text and calls of one turn are items of their own, but one message of the assistant. */
class Conversation {
  readonly #messages: Draft[] = [];
  readonly #names = new Map<string, string>();
  /** The assistant's message that goes on with the next item of its own. */
  #turn: Draft | undefined;

  get messages(): readonly ChatMessage[] {
    return this.#messages.map((message) => ({ ...message }));
  }

  add(item: unknown, place: string): void {
    if (!isJsonObject(item)) throw invalid(place, `must be an object, got ${kindOf(item)}`);
    switch (item.type ?? 'message') {
      case 'message':
        return this.#addMessage(item, place);
      case 'reasoning':
        return this.#addReasoning(item);
      case 'function_call':
        return this.#addCall(item, place);
      case 'function_call_output':
        return this.#addOutput(item, place);
      default:
        throw invalid(`${place}.type`, `is not understood here: ${JSON.stringify(item.type)}`);
    }
  }

  #addMessage(item: JsonObject, place: string): void {
    const { role } = item;
    if (typeof role !== 'string') throw invalid(`${place}.role`, `must be a string, got ${kindOf(role)}`);
    const { text, images } = contentOf(item.content, `${place}.content`);
    if (role === 'assistant') {
      const turn = this.#turn && !this.#turn.tool_calls ? this.#turn : this.#begin();
      turn.content += text;
      return;
    }
    this.#turn = undefined;
    // Chat templates of open models know no developers.
    const known = role === 'developer' ? 'system' : role;
    this.#messages.push({ role: known, content: text, ...(images.length > 0 ? { images } : {}) });
  }

  #addReasoning(item: JsonObject): void {
    const parts = [item.content, item.summary].find((list) => Array.isArray(list) && list.length > 0);
    const texts = (Array.isArray(parts) ? parts : []).map((part) => (isJsonObject(part) ? part.text : ''));
    const text = texts.filter((piece) => typeof piece === 'string').join('');
    if (text === '') return;
    // A model thinks before it speaks: this begins a turn.
    const turn = this.#turn && this.#turn.content === '' && !this.#turn.tool_calls ? this.#turn : this.#begin();
    turn.thinking = (turn.thinking ?? '') + text;
  }

  #addCall(item: JsonObject, place: string): void {
    const { call_id: id, name, arguments: values } = item;
    if (typeof id !== 'string') throw invalid(`${place}.call_id`, `must be a string, got ${kindOf(id)}`);
    if (typeof name !== 'string') throw invalid(`${place}.name`, `must be a string, got ${kindOf(name)}`);
    const turn = this.#turn ?? this.#begin();
    turn.tool_calls ??= [];
    turn.tool_calls.push({ id, function: { name, arguments: argumentsOf(values) } });
    this.#names.set(id, name);
  }

  #addOutput(item: JsonObject, place: string): void {
    const { call_id: id } = item;
    if (typeof id !== 'string') throw invalid(`${place}.call_id`, `must be a string, got ${kindOf(id)}`);
    const { text, images } = contentOf(item.output, `${place}.output`);
    const name = this.#names.get(id);
    this.#turn = undefined;
    this.#messages.push({
      role: 'tool',
      content: text,
      tool_call_id: id,
      ...(name === undefined ? {} : { tool_name: name }),
      ...(images.length > 0 ? { images } : {}),
    });
  }

  #begin(): Draft {
    const turn: Draft = { role: 'assistant', content: '' };
    this.#turn = turn;
    this.#messages.push(turn);
    return turn;
  }
}

function contentOf(content: unknown, place: string): { text: string; images: string[] } {
  if (typeof content === 'string') return { text: content, images: [] };
  if (!Array.isArray(content)) throw invalid(place, `must be a string or a list of parts, got ${kindOf(content)}`);
  const texts: string[] = [];
  const images: string[] = [];
  for (const [at, part] of content.entries()) {
    const { type, text, refusal, image_url: url } = isJsonObject(part) ? part : {};
    if (type === 'input_image') images.push(imageOf(url, `${place}[${at}]`));
    else if (type === 'refusal' && typeof refusal === 'string') texts.push(refusal);
    else if (isTextPart(type) && typeof text === 'string') texts.push(text);
    else throw invalid(`${place}[${at}]`, 'must be a part of type input_text, output_text, refusal or input_image');
  }
  return { text: texts.join(''), images };
}

function isTextPart(type: unknown): boolean {
  return type === 'input_text' || type === 'output_text' || type === 'text' || type === 'reasoning_text';
}

/** Ollama takes bare base64; other engines get it as a `data:` URL again. Of other URLs only some can make use. */
function imageOf(url: unknown, place: string): string {
  if (typeof url !== 'string') throw invalid(place, 'needs image_url: there are no uploaded files here');
  return url.replace(/^data:image\/[\w.+-]+;base64,/i, '');
}

/** An object where it is one: Ollama takes nothing else. */
function argumentsOf(values: unknown): unknown {
  if (typeof values !== 'string') return isJsonObject(values) ? values : {};
  try {
    const value: unknown = JSON.parse(values);
    return isJsonObject(value) ? value : values;
  } catch {
    return values.trim() === '' ? {} : values;
  }
}
