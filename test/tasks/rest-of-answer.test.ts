import { describe, expect, it } from 'vitest';
import type { TaskReport } from '../../src/protocol/task.js';
import type { LogRecord } from '../../src/stream/record.js';
import { restOfAnswer } from '../../src/tasks/rest-of-answer.js';

const DONE: LogRecord = { kind: 'done', status: 'completed', usage: undefined };
const RUNNING: LogRecord = { kind: 'state', status: 'running' };
const text = (said: string): LogRecord => ({ kind: 'text', text: said });
const reasoning = (said: string): LogRecord => ({ kind: 'reasoning', text: said });
const call = (piece: object): LogRecord => ({ kind: 'tool_call', call: piece });

function rest(message: object, ...records: LogRecord[]): readonly LogRecord[] {
  const report = { status: 'completed', retry_count: 1, result: { message } } as unknown as TaskReport;
  return restOfAnswer(
    records.map((record, at) => ({ sequence: at + 1, record })),
    report,
  );
}

describe('the rest of an answer', () => {
  it('is its end alone where all of it was told', () => {
    expect(rest({ content: 'Hello' }, RUNNING, text('Hel'), text('lo'))).toEqual([DONE]);
  });

  it('is what was not told of the text, and the end', () => {
    expect(rest({ content: 'Hello' }, RUNNING, text('Hel'))).toEqual([text('lo'), DONE]);
  });

  it('is all of it where nothing was told', () => {
    expect(rest({ content: 'b', thinking: 'a' }, RUNNING)).toEqual([reasoning('a'), text('b'), DONE]);
  });

  it('has the rest of the reasoning before the text', () => {
    expect(rest({ content: 'b', thinking: 'aaa' }, RUNNING, reasoning('a'))).toEqual([
      reasoning('aa'),
      text('b'),
      DONE,
    ]);
  });

  it('looks at the last attempt', () => {
    const records = [RUNNING, text('other'), { kind: 'restart', attempt: 2 } as const, RUNNING, text('Hel')];
    expect(rest({ content: 'Hello' }, ...records)).toEqual([text('lo'), DONE]);
  });

  it('begins again where the answer is of an attempt of which nothing was told', () => {
    expect(rest({ content: 'Hello' }, RUNNING, text('other'))).toEqual([
      { kind: 'restart', attempt: 2 },
      text('Hello'),
      DONE,
    ]);
  });

  it('has the tool calls where none were told, and begins again where one was told in part', () => {
    const message = { content: '', tool_calls: [{ id: 'c', function: { name: 'f', arguments: { x: 1 } } }] };
    const whole = call({ index: 0, type: 'function', id: 'c', function: { name: 'f', arguments: '{"x":1}' } });
    const begun = call({ index: 0, id: 'c', function: { name: 'f', arguments: '{"x"' } });
    const goesOn = call({ index: 0, function: { arguments: ':1}' } });
    expect(rest(message, RUNNING)).toEqual([whole, DONE]);
    expect(rest(message, RUNNING, begun, goesOn)).toEqual([DONE]);
    expect(rest(message, RUNNING, begun)).toEqual([{ kind: 'restart', attempt: 2 }, whole, DONE]);
  });
});
