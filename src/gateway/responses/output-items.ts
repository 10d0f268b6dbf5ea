/** The output of a response as it grows: items, and the events that tell of them, yet without their numbers. Pure. */
import { isJsonObject, type JsonObject } from '../../protocol/json-object.js';

export interface ItemEvent {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** Events around a piece, and the piece itself. */
export interface Told {
  readonly before: readonly ItemEvent[];
  readonly delta: (piece: string) => ItemEvent;
  readonly text: string;
}

type Kind = 'message' | 'reasoning' | 'function_call';

interface Item {
  readonly kind: Kind;
  readonly id: string;
  readonly index: number;
  /** Of a message, a reasoning, or the arguments of a call. */
  text: string;
  callId: string;
  name: string;
  isOpen: boolean;
}

const PREFIX: Readonly<Record<Kind, string>> = { message: 'msg', reasoning: 'rs', function_call: 'fc' };

export class OutputItems {
  readonly #tag: string;
  #items: Item[] = [];
  /** Of all attempts: ids are not used again. */
  #count = 0;
  /** By index of the call. */
  readonly #calls = new Map<number, Item>();

  /** `tag`: makes the ids of the items unique. */
  constructor(tag: string) {
    this.#tag = tag;
  }

  /** Items as a response has them; those that are open are `in_progress`, or `incomplete` where nothing follows. */
  output(rest: 'in_progress' | 'incomplete' = 'in_progress'): JsonObject[] {
    return this.#items.map((item) => itemObject(item, item.isOpen ? rest : 'completed'));
  }

  addText(text: string): Told {
    return this.#addTo('message', text);
  }

  addReasoning(text: string): Told {
    return this.#addTo('reasoning', text);
  }

  /** A piece of a call as OpenAI streams it. Calls may come in turns; all of them are open until something else begins. */
  addCall(piece: unknown): Told {
    const { index, id, function: named } = isJsonObject(piece) ? piece : {};
    const { name, arguments: values } = isJsonObject(named) ? named : {};
    const before: ItemEvent[] = [];
    const place = this.#placeOf(index, id);
    let item = this.#calls.get(place);
    if (item === undefined) {
      before.push(...this.#close((open) => open.kind !== 'function_call'));
      item = this.#open('function_call');
      item.callId = typeof id === 'string' && id !== '' ? id : `call_${this.#tag}_${item.index}`;
      if (typeof name === 'string') item.name = name;
      this.#calls.set(place, item);
      before.push({ type: 'response.output_item.added', ...itemMembers(item) });
    } else if (typeof name === 'string' && item.name === '') {
      item.name = name;
    }
    const text = typeof values === 'string' ? values : isJsonObject(values) ? JSON.stringify(values) : '';
    return this.#grow(item, before, text);
  }

  /** Everything that is open is complete, or will never be. */
  close(status: 'completed' | 'incomplete'): ItemEvent[] {
    return this.#close(() => true, status);
  }

  /** The answer begins again, as if there had been none. */
  restart(): void {
    this.#items = [];
    this.#calls.clear();
  }

  #addTo(kind: 'message' | 'reasoning', text: string): Told {
    let item = this.#items.find((known) => known.isOpen && known.kind === kind);
    const before: ItemEvent[] = [];
    if (item === undefined) {
      before.push(...this.#close(() => true));
      item = this.#open(kind);
      before.push({ type: 'response.output_item.added', ...itemMembers(item) });
      before.push({ type: 'response.content_part.added', ...partPlace(item), part: part(kind, '') });
    }
    return this.#grow(item, before, text);
  }

  #grow(item: Item, before: readonly ItemEvent[], text: string): Told {
    item.text += text;
    return { before, text, delta: (piece) => deltaEvent(item, piece) };
  }

  #open(kind: Kind): Item {
    const id = `${PREFIX[kind]}_${this.#tag}_${this.#count}`;
    this.#count += 1;
    const item = { kind, id, index: this.#items.length, text: '', callId: '', name: '', isOpen: true };
    this.#items.push(item);
    return item;
  }

  #close(isMeant: (item: Item) => boolean, status: 'completed' | 'incomplete' = 'completed'): ItemEvent[] {
    return this.#items
      .filter((item) => item.isOpen && isMeant(item))
      .flatMap((item) => {
        const events = endOf(item, status);
        // What was broken off stays open: so it is told in the response, too.
        item.isOpen = status === 'incomplete';
        if (item.kind === 'function_call') this.#calls.clear();
        return events;
      });
  }

  /** Some servers leave out `index`: then a piece with an id begins a call, any other goes on with the last one. */
  #placeOf(index: unknown, id: unknown): number {
    if (typeof index === 'number') return index;
    const last = this.#calls.size - 1;
    return id === undefined && last >= 0 ? last : last + 1;
  }
}

function itemObject(item: Item, status: string): JsonObject {
  const { kind: type, id, text } = item;
  switch (type) {
    case 'message':
      return { id, type, status, role: 'assistant', content: [part(type, text)] };
    case 'reasoning':
      return { id, type, status, summary: [], content: [part(type, text)] };
    case 'function_call':
      return { id, type, status, call_id: item.callId, name: item.name, arguments: text };
  }
}

/** Of an item that begins: its parts are told by themselves. */
function itemMembers(item: Item): JsonObject {
  const whole = itemObject(item, 'in_progress');
  const begun = item.kind === 'function_call' ? whole : { ...whole, content: [] };
  return { output_index: item.index, item: begun };
}

function part(kind: 'message' | 'reasoning', text: string): JsonObject {
  if (kind === 'reasoning') return { type: 'reasoning_text', text };
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}

function partPlace({ id, index }: Item): JsonObject {
  return { item_id: id, output_index: index, content_index: 0 };
}

function deltaEvent(item: Item, delta: string): ItemEvent {
  switch (item.kind) {
    case 'message':
      return { type: 'response.output_text.delta', ...partPlace(item), delta, logprobs: [] };
    case 'reasoning':
      return { type: 'response.reasoning_text.delta', ...partPlace(item), delta };
    case 'function_call':
      return { type: 'response.function_call_arguments.delta', item_id: item.id, output_index: item.index, delta };
  }
}

function endOf(item: Item, status: 'completed' | 'incomplete'): ItemEvent[] {
  const { kind, id, index, text } = item;
  const done = { type: 'response.output_item.done', output_index: index, item: itemObject(item, status) };
  if (kind === 'function_call') {
    const { name } = item;
    const members = { item_id: id, output_index: index, name, arguments: text };
    return [{ type: 'response.function_call_arguments.done', ...members }, done];
  }
  const place = partPlace(item);
  const textDone =
    kind === 'message'
      ? { type: 'response.output_text.done', ...place, text, logprobs: [] }
      : { type: 'response.reasoning_text.done', ...place, text };
  return [textDone, { type: 'response.content_part.done', ...place, part: part(kind, text) }, done];
}
