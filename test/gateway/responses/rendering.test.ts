import { describe, expect, it } from 'vitest';
import { type ResponseEvent, ResponseRendering } from '../../../src/gateway/responses/rendering.js';
import { parseResponseRequest } from '../../../src/gateway/responses/request.js';
import type { TaskReport } from '../../../src/protocol/task.js';
import type { LogEntry, LogRecord } from '../../../src/stream/record.js';

const USAGE = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 };
const RUNNING: LogRecord = { kind: 'state', status: 'running' };
const DONE: LogRecord = { kind: 'done', status: 'completed', usage: USAGE };

function report({ background = false, result = {} }: { background?: boolean; result?: object } = {}): TaskReport {
  const { echo } = parseResponseRequest({ model: 'm', input: 'hi', background });
  return {
    id: 'resp_e_1',
    type: 'chat',
    priority: 10,
    status: 'completed',
    model: 'm',
    payload: { messages: [], gollama: { response: echo } },
    options: null,
    created_at: '2026-01-01T00:00:00.000Z',
    completed_at: '2026-01-01T00:00:09.000Z',
    retry_count: 0,
    max_retries: 0,
    result,
  };
}

const text = (piece: string): LogRecord => ({ kind: 'text', text: piece });
const call = (index: number, members: object): LogRecord => ({ kind: 'tool_call', call: { index, ...members } });
const entriesOf = (...records: LogRecord[]): LogEntry[] => records.map((record, at) => ({ sequence: at + 1, record }));

function render(entries: readonly LogEntry[], of = report()): ResponseEvent[] {
  const rendering = new ResponseRendering(of);
  const events = rendering.header();
  for (const entry of entries) {
    const { record } = entry;
    const isEnd = (record.kind === 'done' || record.kind === 'error') && entry === entries.at(-1);
    events.push(...(isEnd ? rendering.end(record, of) : rendering.take(entry)));
  }
  return events;
}

const typesOf = (events: readonly ResponseEvent[]) => events.map(({ type }) => type.replace('response.', ''));
const deltasOf = (events: readonly ResponseEvent[]) =>
  events.flatMap(({ delta }) => (delta === undefined ? [] : [delta]));
const numbersOf = (events: readonly ResponseEvent[]) => events.map(({ sequence_number: number }) => number);

describe('a text', () => {
  const events = render(entriesOf(RUNNING, text('Hel'), text('lo'), DONE));

  it('is told in the order of the API', () => {
    expect(typesOf(events)).toEqual([
      'created',
      'in_progress',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'completed',
    ]);
  });

  it('has numbers from 0 on without a gap', () => {
    expect(numbersOf(events)).toEqual(events.map((_, at) => at));
  });

  it('is whole in the events that end it, and in the response', () => {
    const item = { type: 'message', role: 'assistant', status: 'completed', content: [{ text: 'Hello' }] };
    expect(events.at(-2)).toMatchObject({ item });
    expect(events.at(-1)).toMatchObject({
      response: {
        id: 'resp_e_1',
        object: 'response',
        created_at: 1767225600,
        completed_at: 1767225609,
        status: 'completed',
        output: [item],
        usage: { input_tokens: 3, output_tokens: 5, total_tokens: 8 },
      },
    });
  });

  it('is told as queued first in the background', () => {
    const background = render(entriesOf(RUNNING, text('x'), DONE), report({ background: true }));
    expect(typesOf(background).slice(0, 3)).toEqual(['created', 'queued', 'in_progress']);
    expect(background[0]).toMatchObject({ response: { status: 'queued', background: true } });
  });
});

describe('an answer of several kinds', () => {
  const entries = entriesOf(
    RUNNING,
    { kind: 'reasoning', text: 'hm' },
    text('I look.'),
    call(0, { id: 'c1', function: { name: 'look', arguments: '{"at":' } }),
    call(0, { function: { arguments: '"Oslo"}' } }),
    call(1, { id: 'c2', function: { name: 'find', arguments: '' } }),
    call(1, { function: { arguments: '{}' } }),
    DONE,
  );
  const events = render(entries);

  it('has an item for each', () => {
    expect(events.at(-1)?.response).toMatchObject({
      output: [
        { type: 'reasoning', content: [{ type: 'reasoning_text', text: 'hm' }] },
        { type: 'message', content: [{ type: 'output_text', text: 'I look.' }] },
        { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{"at":"Oslo"}', status: 'completed' },
        { type: 'function_call', call_id: 'c2', name: 'find', arguments: '{}' },
      ],
    });
    expect(numbersOf(events)).toEqual(events.map((_, at) => at));
  });

  it('adds and ends each item once, and the output index tells which', () => {
    for (const type of ['response.output_item.added', 'response.output_item.done']) {
      const places = events.filter((event) => event.type === type).map((event) => event.output_index);
      expect(places).toEqual([0, 1, 2, 3]);
    }
  });

  it('invents an id for a call that has none', () => {
    const [, , added] = render(entriesOf(RUNNING, call(0, { function: { name: 'f', arguments: '{}' } }), DONE));
    expect(added).toMatchObject({ item: { call_id: 'call_e_1_0' } });
  });
});

describe('an end', () => {
  it('for want of tokens is incomplete, and so is its item', () => {
    const events = render(entriesOf(RUNNING, text('x'), DONE), report({ result: { done_reason: 'length' } }));
    expect(events.at(-1)).toMatchObject({
      type: 'response.incomplete',
      response: {
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
        output: [{ status: 'incomplete' }],
      },
    });
  });

  it('with an error is failed, with what was told', () => {
    const events = render(entriesOf(RUNNING, text('x'), { kind: 'error', message: 'boom', code: 'engine_error' }));
    expect(events.at(-1)).toMatchObject({
      type: 'response.failed',
      response: {
        status: 'failed',
        error: { code: 'server_error', message: 'boom' },
        output: [{ status: 'incomplete' }],
      },
    });
  });

  it('by a cancel tells so in the response', () => {
    const events = render(entriesOf({ kind: 'done', status: 'cancelled', usage: undefined }));
    expect(events.at(-1)).toMatchObject({ type: 'response.incomplete', response: { status: 'cancelled', output: [] } });
  });
});

describe('a new attempt', () => {
  it('takes back what was told: the output is empty, and items begin at 0 with new ids', () => {
    const events = render(entriesOf(RUNNING, text('old'), { kind: 'restart', attempt: 2 }, RUNNING, text('new'), DONE));
    const restart = events.findIndex(({ type }, at) => at > 2 && type === 'response.in_progress');
    expect(events[restart]).toMatchObject({ response: { status: 'in_progress', output: [] } });
    const added = events.filter(({ type }) => type === 'response.output_item.added');
    expect(added.map((event) => event.output_index)).toEqual([0, 0]);
    expect(new Set(added.map((event) => (event.item as { id: string }).id)).size).toBe(2);
    expect(events.at(-1)).toMatchObject({ response: { output: [{ content: [{ text: 'new' }] }] } });
    expect(numbersOf(events)).toEqual(events.map((_, at) => at));
  });
});

describe('a log that was compacted', () => {
  it('has the same numbers for what comes after, and the same text', () => {
    const full = entriesOf(RUNNING, text('a'), text('b'), text('🙂c'), call(0, { id: 'c1', function: {} }), DONE);
    const [running, , , , ...rest] = full;
    const compact = [running as LogEntry, { sequence: 4, record: text('ab🙂c') }, ...rest];
    const one = render(full);
    const other = render(compact);
    expect(typesOf(other)).toEqual(typesOf(one));
    expect(numbersOf(other)).toEqual(numbersOf(one));
    expect(deltasOf(other).join('')).toBe(deltasOf(one).join(''));
  });
});
