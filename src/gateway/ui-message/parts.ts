/** The records of an answer as the parts of a UI message, one after the other. No I/O: the same records give the same parts. */
import { isJsonObject } from '../../protocol/json-object.js';
import type { TaskReport } from '../../protocol/task.js';
import type { UiMessagePart } from '../../protocol/ui-message.js';
import type { LogRecord } from '../../stream/record.js';
import { ToolCallDrafts } from '../../tasks/dialect/openai-tool-calls.js';

/** The texts that are open one at a time. */
type Block = 'text' | 'reasoning';

export class UiMessageParts {
  readonly #calls = new ToolCallDrafts();
  #open: { readonly kind: Block; readonly id: string } | undefined;
  #blocks = 0;
  #hasOutput = false;
  #hasEnded = false;
  #isBroken = false;

  /** True where another attempt began after something was said: that one has the answer. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** True after the last part. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** What the message begins with. */
  begin(messageId: string | undefined): UiMessagePart[] {
    return [{ type: 'start', ...(messageId === undefined ? {} : { messageId }) }, { type: 'start-step' }];
  }

  /**
   * A message cannot be taken back: where another attempt begins after something was said it ends with an error. Who resumes
   * it gets that attempt from its beginning.
   */
  take(record: LogRecord): UiMessagePart[] {
    if (this.#hasEnded) return [];
    switch (record.kind) {
      case 'text':
      case 'reasoning':
        return this.#say(record.kind, record.text);
      case 'tool_call':
        this.#hasOutput = true;
        if (isJsonObject(record.call)) this.#calls.add(record.call);
        return [];
      case 'state':
        return [];
      case 'restart':
        if (!this.#hasOutput) return [];
        this.#isBroken = true;
        return this.#end([{ type: 'error', errorText: 'the answer broke off, and began again' }]);
      case 'done':
        if (record.status !== 'completed') return this.#end([{ type: 'abort' }]);
        return this.#end([...this.#toolParts(), { type: 'finish-step' }, { type: 'finish' }]);
      case 'error':
        return this.#end([{ type: 'error', errorText: record.message }]);
    }
  }

  #say(kind: Block, delta: string): UiMessagePart[] {
    this.#hasOutput = true;
    const opening = this.#open?.kind === kind ? [] : this.#begin(kind);
    const id = this.#open?.id ?? '';
    return [...opening, { type: `${kind}-delta`, id, delta }];
  }

  #begin(kind: Block): UiMessagePart[] {
    const closing = this.#close();
    const id = `${kind}-${this.#blocks}`;
    this.#blocks += 1;
    this.#open = { kind, id };
    return [...closing, { type: `${kind}-start`, id }];
  }

  #close(): UiMessagePart[] {
    if (!this.#open) return [];
    const { kind, id } = this.#open;
    this.#open = undefined;
    return [{ type: `${kind}-end`, id }];
  }

  #end(parts: readonly UiMessagePart[]): UiMessagePart[] {
    this.#hasEnded = true;
    return [...this.#close(), ...parts];
  }

  /** Whole, when the answer has ended: a page runs its tools then. */
  #toolParts(): UiMessagePart[] {
    return this.#calls.finish().map(({ id, function: { name, arguments: input } }, at) => {
      const call = { toolCallId: id ?? `call-${at}`, toolName: name, input };
      if (isJsonObject(input)) return { type: 'tool-input-available', ...call };
      return { type: 'tool-input-error', ...call, errorText: 'the model wrote arguments that are not JSON' };
    });
  }
}

/**
 * The id of the message that a task writes, the same each time it is told. Undefined where the message goes on with one of
 * the page's: after the answers of tools the SDK keeps the message that called them.
 */
export function messageIdOf({ id, payload }: Pick<TaskReport, 'id' | 'payload'>): string | undefined {
  const { messages } = payload as { messages?: readonly { role: string }[] };
  return messages?.at(-1)?.role === 'user' ? `msg-${id.slice(id.lastIndexOf(':') + 1)}` : undefined;
}
