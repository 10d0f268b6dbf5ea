/** Ollama's chat messages as OpenAI's: images, tool calls and their answers are written differently. */
import { imageUrl } from '../../protocol/image.js';
import { isJsonObject, type JsonObject } from '../../protocol/json-object.js';

/**
 * - images (base64) become `image_url` parts
 * - the arguments of a tool call become a text, and calls and answers without ids get ids that join them: an answer
 *   belongs to the first open call of its `tool_name`, or to the first open call where it has none
 * - `thinking` becomes `reasoning_content`
 */
export function openAiMessages(messages: readonly unknown[]): unknown[] {
  const calls = new OpenCalls();
  return messages.map((message) => (isJsonObject(message) ? openAiMessage(message, calls) : message));
}

/** A user's message with images (base64). */
export function contentWithImages(content: unknown, images: unknown): unknown {
  if (!Array.isArray(images) || images.length === 0) return content ?? '';
  const texts = Array.isArray(content) ? content : [{ type: 'text', text: content }].filter(({ text }) => !!text);
  return [...texts, ...images.map((image) => ({ type: 'image_url', image_url: { url: imageUrl(String(image)) } }))];
}

function openAiMessage(message: JsonObject, calls: OpenCalls): JsonObject {
  const { content, images, thinking, tool_calls: toolCalls, tool_name: toolName, ...others } = message;
  return {
    ...others,
    content: contentWithImages(content, images),
    ...(typeof thinking === 'string' && thinking !== '' ? { reasoning_content: thinking } : {}),
    ...(Array.isArray(toolCalls) ? { tool_calls: toolCalls.map((call) => calls.open(call)) } : {}),
    ...(message.role === 'tool' ? { tool_call_id: message.tool_call_id ?? calls.answer(toolName) } : {}),
  };
}

/** The calls that no answer was seen of yet. */
class OpenCalls {
  #open: { readonly id: string; readonly name: unknown }[] = [];
  #count = 0;

  /** The call as OpenAI writes it. */
  open(call: unknown): JsonObject {
    const { id, function: named } = isJsonObject(call) ? call : {};
    const { name, arguments: values = {} } = isJsonObject(named) ? named : {};
    const callId = typeof id === 'string' && id !== '' ? id : `call_${this.#count}`;
    this.#count += 1;
    this.#open.push({ id: callId, name });
    const text = typeof values === 'string' ? values : JSON.stringify(values);
    return { id: callId, type: 'function', function: { name, arguments: text } };
  }

  /** Id of the call that an answer belongs to. */
  answer(name: unknown): string {
    const found = this.#open.find((call) => name === undefined || call.name === name) ?? this.#open[0];
    this.#open = this.#open.filter((call) => call !== found);
    return found?.id ?? `call_${this.#count}`;
  }
}
