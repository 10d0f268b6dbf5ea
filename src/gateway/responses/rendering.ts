/**
 * A log as the events of a response: a pure function of the task and the log, so that every reader, whenever it comes, gets
 * the same events with the same numbers, and nothing has to be stored for it.
 *
 * - Header events come before the first record: `created`, and `queued` in the background.
 * - Every record is one event, numbered header + sequence - 1 + the events that opened and closed items before it.
 * - A record that stands for several (a log that was compacted: its sequence rises by more than one) is as many events, its
 *   text spread over them; so numbers have no gap, and those behind it are the same as ever.
 * - A restart takes back what was told: `in_progress` with an empty output, and items begin at index 0 again.
 *
 * Source of the events: the OpenAI API reference, "Streaming events" of responses.
 */
import type { JsonObject } from '../../protocol/json-object.js';
import type { TaskReport } from '../../protocol/task.js';
import type { LogEntry, LogRecord } from '../../stream/record.js';
import { type ItemEvent, OutputItems, type Told } from './output-items.js';
import { noteOf, type ResponseState, type ResponseStatus, responseObject, statusOf } from './response-object.js';

export interface ResponseEvent extends ItemEvent {
  readonly sequence_number: number;
}

type Ending = Extract<LogRecord, { kind: 'done' | 'error' }>;

export class ResponseRendering {
  readonly #report: TaskReport;
  readonly #isBackground: boolean;
  readonly #items: OutputItems;
  #number = 0;
  /** Of the last record. */
  #sequence = 0;

  /** `report`: of the task, as it is when the rendering begins; what changes of it later is told by the log. */
  constructor(report: TaskReport) {
    this.#report = report;
    this.#isBackground = noteOf(report)?.response.background === true;
    this.#items = new OutputItems(report.id.replace(/^resp_/, ''));
  }

  get output(): readonly JsonObject[] {
    return this.#items.output();
  }

  /** Sequence number of the last record that was taken. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The events before the first record. */
  header(): ResponseEvent[] {
    const status = this.#isBackground ? 'queued' : 'in_progress';
    const created = this.#lifecycle('response.created', status);
    return this.#numbered(this.#isBackground ? [created, this.#lifecycle('response.queued', status)] : [created]);
  }

  /** The events of the next record, but for the last one of the log: that is for `end`. */
  take({ sequence, record }: LogEntry): ResponseEvent[] {
    const count = Math.max(1, sequence - this.#sequence);
    this.#sequence = sequence;
    switch (record.kind) {
      case 'text':
        return this.#tell(this.#items.addText(record.text), count);
      case 'reasoning':
        return this.#tell(this.#items.addReasoning(record.text), count);
      case 'tool_call':
        return this.#tell(this.#items.addCall(record.call), count);
      case 'restart':
        this.#items.restart();
        return this.#repeated(this.#lifecycle('response.in_progress', 'in_progress'), count);
      case 'state': {
        const status = record.status === 'pending' ? 'queued' : 'in_progress';
        return this.#repeated(this.#lifecycle(`response.${status}`, status), count);
      }
      case 'done':
      case 'error':
        // An end that was none, as the task was tried again.
        return this.#repeated(this.#lifecycle('response.in_progress', 'in_progress'), count);
    }
  }

  /** The events of the record that ends the log. `report`: of the task as it has ended. */
  end(record: Ending, report: TaskReport): ResponseEvent[] {
    const status = endStatus(record, report);
    const isWhole = status === 'completed' || status === 'incomplete';
    const closing = this.#items.close(status === 'completed' ? 'completed' : 'incomplete');
    const state: ResponseState = {
      status,
      output: this.#items.output('incomplete'),
      usage: record.kind === 'done' ? record.usage : undefined,
      error: record.kind === 'error' ? record.message : undefined,
    };
    const response = responseObject(report, state);
    // The API has no event of its own for a response that was cancelled.
    const type = status === 'failed' ? 'response.failed' : isWhole ? `response.${status}` : 'response.incomplete';
    return this.#numbered([...closing, { type, response }]);
  }

  #lifecycle(type: string, status: ResponseStatus): ItemEvent {
    const state = { status, output: this.#items.output(), usage: undefined, error: undefined };
    return { type, response: responseObject(this.#report, state) };
  }

  #tell({ before, delta, text }: Told, count: number): ResponseEvent[] {
    return this.#numbered([...before, ...pieces(text, count).map(delta)]);
  }

  #repeated(event: ItemEvent, count: number): ResponseEvent[] {
    return this.#numbered(Array.from({ length: count }, () => event));
  }

  #numbered(events: readonly ItemEvent[]): ResponseEvent[] {
    return events.map((event) => {
      const numbered = { ...event, sequence_number: this.#number };
      this.#number += 1;
      return numbered;
    });
  }
}

function endStatus(record: Ending, report: TaskReport): ResponseStatus {
  if (record.kind === 'error') return 'failed';
  return record.status === 'cancelled' ? 'cancelled' : statusOf({ status: 'completed', result: report.result });
}

/** `text` in so many pieces, the first ones longer where it does not come out even; no character is cut in two. */
function pieces(text: string, count: number): string[] {
  if (count === 1) return [text];
  const characters = Array.from(text);
  const size = Math.ceil(characters.length / count);
  return Array.from({ length: count }, (_, at) => characters.slice(at * size, (at + 1) * size).join(''));
}
