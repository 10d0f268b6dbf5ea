import { describe, expect, it } from 'vitest';
import { parsePriorityValue, parseSubmission, parseSubmissions } from '../../src/protocol/task-submission.js';

const NOW_MS = Date.parse('2026-11-21T12:00:00Z');
const context = { nowMs: NOW_MS };
const CHAT = { type: 'chat', model: 'm', payload: { messages: [{ role: 'user', content: 'hi' }] } };

const parse = (value: unknown) => parseSubmission(value, context);
const parseWith = (members: object) => parse({ ...CHAT, ...members });

function problem(read: () => unknown): { message: string; param: string | undefined; code: string } {
  try {
    read();
  } catch (error) {
    const { message, param, code } = error as { message: string; param: string | undefined; code: string };
    return { message, param, code };
  }
  throw new Error('it was taken');
}

describe('a submission', () => {
  it('is what was asked, and nothing where nothing was', () => {
    expect(parse(CHAT)).toEqual({ ...CHAT, options: null });
  });

  it('takes every member', () => {
    const members = {
      id: 'my task/1 ü',
      idempotency_key: 'k-1',
      priority: 'High',
      max_retries: 0,
      options: { temperature: 0 },
      webhook: 'https://example.org/hook?a=1',
      scheduled_at: '2026-11-21T14:00:00+01:00',
    };
    expect(parseWith(members)).toEqual({
      ...CHAT,
      id: 'my task/1 ü',
      idempotencyKey: 'k-1',
      priority: 10,
      maxRetries: 0,
      options: { temperature: 0 },
      webhook: 'https://example.org/hook?a=1',
      notBeforeMs: NOW_MS + 3_600_000,
    });
  });

  it('as the reference clients send it is taken: empty id, zero times, null options', () => {
    const members = { id: '', options: null, created_at: '0001-01-01T00:00:00Z', status: '', result: null };
    expect(parseWith(members)).toEqual({ ...CHAT, options: null });
  });

  it('sets nothing that only the server sets', () => {
    const members = { status: 'completed', result: { x: 1 }, retry_count: 9, created_at: '2020-01-01T00:00:00Z' };
    expect(parseWith(members)).toEqual({ ...CHAT, options: null });
  });

  it.each([
    [{}, 'task validation failed: task type is required'],
    [{ type: '', model: 'm' }, 'task validation failed: task type is required'],
    [{ type: 'chat' }, 'task validation failed: model is required'],
    [{ type: 'nope' }, 'task validation failed: model is required'],
    [{ type: 'chat', model: 'm' }, 'task validation failed: payload is required'],
    [{ type: 'nope', model: 'm', payload: null }, 'task validation failed: payload is required'],
    [{ type: 'nope', model: 'm', payload: {} }, 'task validation failed: unsupported task type: nope'],
    [{ type: 'nope', model: 'm', prompt: 'x' }, 'task validation failed: unsupported task type: nope'],
    [{ type: 'constructor', model: 'm', payload: {} }, 'task validation failed: unsupported task type: constructor'],
  ])('%j is refused as the reference does', (value, message) => {
    expect(problem(() => parse(value))).toMatchObject({ code: 'invalid_request', message });
  });

  it.each([[null], [[]], ['text'], [3]])('is no %j', (value) => {
    expect(problem(() => parse(value)).message).toContain('a task is an object');
  });

  it('takes 0 retries for what it says, but not from a client that writes whole tasks and left them unset', () => {
    expect(parse({ ...CHAT, max_retries: 0 }).maxRetries).toBe(0);
    expect(parse({ ...CHAT, max_retries: 0, retry_count: 0 }).maxRetries).toBeUndefined();
    expect(parse({ ...CHAT, max_retries: 2, retry_count: 0 }).maxRetries).toBe(2);
  });

  it.each<[object, string, RegExp]>([
    [{ type: 3 }, 'type', /must be a string, got a number/],
    [{ model: ['m'] }, 'model', /must be a string, got a list/],
    [{ model: 'a\nb' }, 'model', /printable/],
    [{ options: [] }, 'options', /must be an object, got a list/],
    [{ id: 7 }, 'id', /must be a string/],
    [{ id: 'x'.repeat(201) }, 'id', /1 to 200 printable/],
    [{ id: 'a\u0000' }, 'id', /printable/],
    [{ id: 'a\u202eb' }, 'id', /printable/],
    [{ id: '..' }, 'id', /must not be/],
    [{ idempotency_key: '\ud800' }, 'idempotency_key', /printable/],
    [{ max_retries: -1 }, 'max_retries', /whole number/],
    [{ max_retries: 1.5 }, 'max_retries', /whole number/],
    [{ max_retries: '2' }, 'max_retries', /whole number/],
    [{ delay: '30' }, 'delay', /duration such as/],
    [{ delay: 30 }, 'delay', /duration such as/],
    [{ delay: '-3s' }, 'delay', /duration such as/],
    [{ delay: 'soon' }, 'delay', /duration such as/],
    [{ delay: '1s', scheduled_at: '2026-11-21T14:00:00Z' }, 'delay', /exclude each other/],
    [{ scheduled_at: 'tomorrow' }, 'scheduled_at', /RFC 3339/],
    [{ scheduled_at: '2026-02-30T00:00:00Z' }, 'scheduled_at', /RFC 3339/],
    [{ scheduled_at: '2026-11-21T14:00:00' }, 'scheduled_at', /RFC 3339/],
    [{ webhook: 'ftp://example.org' }, 'webhook', /http or https/],
    [{ webhook: 'http://' }, 'webhook', /http or https/],
    [{ payload: 'hi' }, 'payload', /must be an object, got a string/],
    [{ payload: {} }, 'payload.messages', /is required for chat tasks/],
    [{ payload: { messages: 'hi' } }, 'payload.messages', /must be a list of messages, got a string/],
    [{ payload: { messages: ['hi'] } }, 'payload.messages[0]', /must be an object with role and content/],
    [{ payload: { messages: [{ content: 'x' }] } }, 'payload.messages[0].role', /is required/],
    [{ payload: { messages: [{ role: 'user', content: [] }] } }, 'payload.messages[0].content', /must be a string/],
    [{ payload: { messages: [{ role: 'u', images: 'x' }] } }, 'payload.messages[0].images', /list of strings/],
    [{ payload: { messages: [{ role: 'u', images: [1] }] } }, 'payload.messages[0].images[0]', /must be a string/],
    [{ payload: { messages: [], stream: 'yes' } }, 'payload.stream', /must be true or false/],
    [{ payload: { messages: [], system: 1 } }, 'payload.system', /must be a string/],
    [{ type: 'generate', payload: { messages: [] } }, 'payload.prompt', /is required for generate tasks/],
    [{ type: 'embed', payload: { input: [1] } }, 'payload.input[0]', /must be a string/],
    [{ type: 'embed', payload: { input: 1 } }, 'payload.input', /string or a list of strings/],
  ])('with %j is refused, and %s is named', (members, param, message) => {
    const told = problem(() => parseWith(members));
    expect(told).toMatchObject({ code: 'invalid_request', param });
    expect(told.message).toMatch(message);
    expect(told.message).toContain(param);
  });

  it('keeps members of the payload that are not known here, and drops empty ones that are', () => {
    const payload = { prompt: '', think: false, format: { type: 'object' }, system: null };
    expect(parse({ type: 'generate', model: 'm', payload }).payload).toEqual({
      prompt: '',
      think: false,
      format: { type: 'object' },
    });
    const message = { role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: {} } }] };
    expect(parseWith({ payload: { messages: [message] } }).payload).toEqual({
      messages: [{ ...message, content: '' }],
    });
  });

  it('takes both forms of what is embedded', () => {
    for (const input of ['a', ['a', 'b']]) {
      expect(parse({ type: 'embed', model: 'm', payload: { input } }).payload).toEqual({ input });
    }
  });

  it('that is due already has no time to wait for', () => {
    expect(parseWith({ scheduled_at: '2026-11-21T12:00:00Z' }).notBeforeMs).toBeUndefined();
    expect(parseWith({ delay: '0s' }).notBeforeMs).toBeUndefined();
    expect(parseWith({ delay: '1m30s' }).notBeforeMs).toBe(NOW_MS + 90_000);
  });
});

describe('an item of a batch file', () => {
  it.each([
    [{ type: 'chat', messages: [{ role: 'user', content: 'a' }], system: 's', stream: true }],
    [{ type: 'generate', prompt: 'p', system: 's' }],
    [{ type: 'embed', input: ['a', 'b'] }],
  ])('has what is asked beside its type: %j', (item) => {
    const { type, ...payload } = item;
    expect(parse({ ...item, model: 'm', priority: 'low' })).toEqual({
      type,
      model: 'm',
      payload,
      options: null,
      priority: 1,
    });
  });

  it('with a payload means the payload', () => {
    expect(parseWith({ messages: [], system: 's' }).payload).toEqual(CHAT.payload);
  });
});

describe('a batch', () => {
  it('is a list, or an object that holds one', () => {
    expect(parseSubmissions({ tasks: [CHAT, CHAT] }, context)).toHaveLength(2);
    expect(parseSubmissions([CHAT], context)).toHaveLength(1);
    expect(parseSubmissions([], context)).toEqual([]);
  });

  it('names the task at fault', () => {
    expect(problem(() => parseSubmissions({ tasks: [CHAT, { ...CHAT, id: 1 }] }, context))).toEqual({
      code: 'invalid_request',
      message: 'tasks[1]: task validation failed: id must be a string, got a number',
      param: 'tasks[1].id',
    });
  });

  it.each([[{}], [{ tasks: {} }], [null], [Array(10_001).fill(CHAT)]])('is none of the others', (value) => {
    expect(problem(() => parseSubmissions(value, context))).toMatchObject({ param: 'tasks' });
  });
});

describe('a priority', () => {
  it('is an integer or a name', () => {
    for (const [value, priority] of [
      [-3, -3],
      [0, 0],
      ['critical', 15],
      ['12', 12],
    ]) {
      expect(parsePriorityValue(value, '.priority')).toBe(priority);
    }
  });

  it.each<[unknown, string]>([
    ['urgent', 'string'],
    [1.5, 'number 1.5'],
    [true, 'bool'],
    [[], 'array'],
    [{}, 'object'],
  ])('is no %j, in the words of the reference', (value, found) => {
    const begin = `json: cannot unmarshal ${found} into Go struct field Task.priority of type models.Priority`;
    expect(problem(() => parseWith({ priority: value })).message.startsWith(begin)).toBe(true);
  });
});
