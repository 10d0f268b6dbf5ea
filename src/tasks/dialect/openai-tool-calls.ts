/** Tool calls that OpenAI streams in pieces, put together as Ollama tells them. */
import { isJsonObject, type JsonObject } from '../../protocol/json-object.js';
import type { OllamaToolCall } from '../../protocol/ollama.js';

interface Draft {
  id: string | undefined;
  name: string;
  readonly arguments: string[];
}

export class ToolCallDrafts {
  readonly #drafts = new Map<number, Draft>();

  /** Takes one of `choices[0].delta.tool_calls`. */
  add(piece: JsonObject): void {
    const draft = this.#draftOf(piece);
    if (typeof piece.id === 'string' && piece.id !== '') draft.id = piece.id;
    const { name, arguments: values } = isJsonObject(piece.function) ? piece.function : {};
    if (typeof name === 'string' && name !== '') draft.name = name;
    if (typeof values === 'string') draft.arguments.push(values);
    else if (isJsonObject(values)) draft.arguments.push(JSON.stringify(values));
  }

  finish(): OllamaToolCall[] {
    const drafts = [...this.#drafts].sort(([one], [other]) => one - other).map(([, draft]) => draft);
    return drafts.map((draft) => ({
      ...(draft.id === undefined ? {} : { id: draft.id }),
      function: { name: draft.name, arguments: objectOrText(draft.arguments.join('')) },
    }));
  }

  /** Some servers leave out `index`: then a piece with an id begins a call, any other goes on with the last one. */
  #draftOf(piece: JsonObject): Draft {
    const last = this.#drafts.size - 1;
    const index = typeof piece.index === 'number' ? piece.index : piece.id === undefined && last >= 0 ? last : last + 1;
    const draft = this.#drafts.get(index) ?? { id: undefined, name: '', arguments: [] };
    this.#drafts.set(index, draft);
    return draft;
  }
}

/** What a model wrote need not be JSON. */
function objectOrText(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : text;
  } catch {
    return text;
  }
}
