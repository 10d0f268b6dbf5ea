import { describe, expect, it } from 'vitest';
import { messageIdOf, UiMessageParts } from '../../../src/gateway/ui-message/parts.js';
import type { LogRecord } from '../../../src/stream/record.js';

const text = (value: string): LogRecord => ({ kind: 'text', text: value });
const reasoning = (value: string): LogRecord => ({ kind: 'reasoning', text: value });
const DONE: LogRecord = { kind: 'done', status: 'completed', usage: undefined };

function partsOf(...records: LogRecord[]) {
  const message = new UiMessageParts();
  const parts = records.flatMap((record) => message.take(record));
  return { parts, hasEnded: message.hasEnded, isBroken: message.isBroken };
}

describe('the parts of a message', () => {
  it('begin with its id, where it has one', () => {
    expect(new UiMessageParts().begin('a')).toEqual([{ type: 'start', messageId: 'a' }, { type: 'start-step' }]);
    expect(new UiMessageParts().begin(undefined)).toEqual([{ type: 'start' }, { type: 'start-step' }]);
  });

  it('open and close a block for each kind of text', () => {
    const told = partsOf(
      { kind: 'state', status: 'running' },
      reasoning('h'),
      reasoning('m'),
      text('a'),
      text('b'),
      DONE,
    );
    expect(told).toEqual({
      parts: [
        { type: 'reasoning-start', id: 'reasoning-0' },
        { type: 'reasoning-delta', id: 'reasoning-0', delta: 'h' },
        { type: 'reasoning-delta', id: 'reasoning-0', delta: 'm' },
        { type: 'reasoning-end', id: 'reasoning-0' },
        { type: 'text-start', id: 'text-1' },
        { type: 'text-delta', id: 'text-1', delta: 'a' },
        { type: 'text-delta', id: 'text-1', delta: 'b' },
        { type: 'text-end', id: 'text-1' },
        { type: 'finish-step' },
        { type: 'finish' },
      ],
      hasEnded: true,
      isBroken: false,
    });
  });

  it('have tool calls whole, however they were cut', () => {
    const piece = (index: number, id: string | undefined, name: string | undefined, values: string): LogRecord => ({
      kind: 'tool_call',
      call: { index, ...(id ? { id } : {}), function: { ...(name ? { name } : {}), arguments: values } },
    });
    const { parts } = partsOf(
      piece(0, 'a', 'f', '{"x"'),
      piece(1, undefined, 'g', 'no json'),
      piece(0, undefined, undefined, ':1}'),
      DONE,
    );
    expect(parts).toEqual([
      { type: 'tool-input-available', toolCallId: 'a', toolName: 'f', input: { x: 1 } },
      {
        type: 'tool-input-error',
        toolCallId: 'call-1',
        toolName: 'g',
        input: 'no json',
        errorText: 'the model wrote arguments that are not JSON',
      },
      { type: 'finish-step' },
      { type: 'finish' },
    ]);
  });

  it('end with the failure, or with the abort of a cancelled task', () => {
    expect(partsOf(text('a'), { kind: 'error', message: 'boom', code: 'engine_error' }).parts.slice(-2)).toEqual([
      { type: 'text-end', id: 'text-0' },
      { type: 'error', errorText: 'boom' },
    ]);
    const cancelled = partsOf({ kind: 'done', status: 'cancelled', usage: undefined });
    expect(cancelled).toEqual({ parts: [{ type: 'abort' }], hasEnded: true, isBroken: false });
  });

  it('do not join two attempts: a restart is an end where something was said, and nothing where not', () => {
    const restart: LogRecord = { kind: 'restart', attempt: 2 };
    expect(partsOf(restart, text('a'), DONE).parts).toHaveLength(5);
    const broken = partsOf(text('a'), restart, text('b'), DONE);
    expect(broken.parts.at(-1)).toEqual({ type: 'error', errorText: 'the answer broke off, and began again' });
    expect([broken.hasEnded, broken.isBroken]).toEqual([true, true]);
  });
});

describe('the id of a message', () => {
  const idAfter = (role: string) =>
    messageIdOf({ id: 'ui:owner:chat:tag', payload: { messages: [{ role, content: '' }] } });

  it('is that of the task, but behind the answers of tools, where the message of the page goes on', () => {
    expect(idAfter('user')).toBe('msg-tag');
    expect(idAfter('tool')).toBeUndefined();
    expect(idAfter('assistant')).toBeUndefined();
  });
});
