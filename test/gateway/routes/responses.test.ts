/** `/v1/responses` as the official client sees it. */
import type OpenAI from 'openai';
import { APIError, BadRequestError, NotFoundError } from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { endAll } from '../../support/ending.js';
import { open, send } from '../../support/http.js';
import { settled } from '../../support/manual-clock.js';
import { ManualEngine } from '../../support/manual-engine.js';
import { answerWith, beginAnswer, endAnswer, say, startResponses } from '../../support/responses-gateway.js';
import { apiKey } from '../../support/task-gateway.js';
import { refuse } from '../../support/task-rig.js';

afterEach(endAll);

type Event = OpenAI.Responses.ResponseStreamEvent;

const ASK = { model: 'm', input: 'hi' };

async function eventsOf(stream: AsyncIterable<Event>): Promise<Event[]> {
  const events: Event[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

const textOf = (events: readonly Event[]) =>
  events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('');
const numbersOf = (events: readonly Event[]) => events.map((event) => event.sequence_number);
const failureOf = (promise: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => undefined,
    (error: unknown) => error,
  );

function messagesOf(body: Buffer): unknown {
  return (JSON.parse(body.toString()) as { messages: unknown }).messages;
}

/** Resolves with the status of a response as soon as it is one of these. */
async function becomes(client: OpenAI, id: string, ...statuses: string[]): Promise<OpenAI.Responses.Response> {
  for (;;) {
    const response = await client.responses.retrieve(id);
    if (response.status && statuses.includes(response.status)) return response;
  }
}

describe('a response', () => {
  it('comes whole, with its text and usage', async () => {
    const { client, call } = await startResponses();
    const asked = client().responses.create({ ...ASK, temperature: 0, max_output_tokens: 9, metadata: { a: 'b' } });
    const engineCall = await call();
    expect(JSON.parse(engineCall.call.body.toString())).toMatchObject({
      messages: [{ role: 'user', content: 'hi' }],
      temperature: 0,
      max_tokens: 9,
    });
    expect(engineCall.call.body.toString()).not.toContain('gollama');
    answerWith(engineCall, 'Hello you');
    const response = await asked;
    expect(response).toMatchObject({ status: 'completed', output_text: 'Hello you', metadata: { a: 'b' } });
    expect(response.usage).toMatchObject({ input_tokens: 3, output_tokens: 5, total_tokens: 8 });
    expect(response._request_id).toMatch(/^[\w-]{8,}$/);
  });

  it('streams, in order and without a gap', async () => {
    const { client, call } = await startResponses();
    const stream = await client().responses.create({ ...ASK, stream: true });
    answerWith(await call(), 'one two three');
    const events = await eventsOf(stream);
    expect(textOf(events)).toBe('one two three');
    expect(numbersOf(events)).toEqual(events.map((_, at) => at));
    expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { status: 'completed' } });
  });

  it('works through the stream() helper to its final response', async () => {
    const { client, call } = await startResponses();
    const stream = client().responses.stream(ASK);
    answerWith(await call(), 'one two');
    expect((await stream.finalResponse()).output_text).toBe('one two');
  });

  it('has calls and reasoning as items of their own', async () => {
    const { client, call } = await startResponses();
    const tools = [{ type: 'function' as const, name: 'look', parameters: { type: 'object' }, strict: false }];
    const stream = client().responses.stream({ ...ASK, tools });
    const engineCall = await call();
    beginAnswer(engineCall);
    say(engineCall, { reasoning_content: 'hm' });
    say(engineCall, {
      tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'look', arguments: '' } }],
    });
    say(engineCall, { tool_calls: [{ index: 0, function: { arguments: '{"at":"Oslo"}' } }] });
    endAnswer(engineCall, 'tool_calls');
    const { output } = await stream.finalResponse();
    expect(output).toMatchObject([
      { type: 'reasoning', content: [{ type: 'reasoning_text', text: 'hm' }] },
      { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{"at":"Oslo"}' },
    ]);
  });

  it('that reached its limit is incomplete', async () => {
    const { client, call } = await startResponses();
    const asked = client().responses.create(ASK);
    answerWith(await call(), 'Hel', 'length');
    expect(await asked).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
  });

  it('that fails before anything was sent has the status of its failure', async () => {
    const { client, call } = await startResponses();
    const asked = failureOf(client().responses.create(ASK));
    await refuse(await call(), 400);
    expect(await asked).toBeInstanceOf(BadRequestError);
    expect(await asked).toMatchObject({ message: expect.stringContaining('boom') });
  });

  it('that fails in a stream tells so in its last event', async () => {
    const { client, call } = await startResponses();
    const stream = await client().responses.create({ ...ASK, stream: true });
    const engineCall = await call();
    beginAnswer(engineCall);
    say(engineCall, { content: 'Hel' });
    engineCall.end();
    const events = await eventsOf(stream);
    expect(events.at(-1)).toMatchObject({ type: 'response.failed', response: { error: { code: 'server_error' } } });
  });

  it('is refused at once for a model that nobody serves', async () => {
    const { client } = await startResponses({ models: ['m'] });
    expect(await failureOf(client().responses.create({ ...ASK, model: 'x' }))).toBeInstanceOf(NotFoundError);
  });

  it('sends whitespace to a client that waits for long, and then its object', async () => {
    const { url, call, clock } = await startResponses();
    const answer = open(`${url}/v1/responses`, { body: ASK });
    const engineCall = await call();
    clock.advance(15_000);
    await settled();
    clock.advance(15_000);
    const { status, text, ended } = await answer.then(async (head) => {
      await head.until(' \n');
      answerWith(engineCall, 'Hello');
      await head.ended;
      return head;
    });
    await ended;
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ status: 'completed' });
  });
});

describe('a response in the background', () => {
  it('is queued at once, and is polled until it is complete', async () => {
    const { client, call } = await startResponses();
    const created = await client().responses.create({ ...ASK, background: true });
    expect(created).toMatchObject({ status: 'queued', background: true, output: [] });
    const engineCall = await call();
    expect(await becomes(client(), created.id, 'in_progress')).toMatchObject({ output: [] });
    answerWith(engineCall, 'done now');
    const completed = await becomes(client(), created.id, 'completed');
    expect(completed.output_text).toBe('done now');
    expect(await client().responses.retrieve(created.id)).toEqual({ ...completed, _request_id: undefined });
  });

  it('goes on where its stream was broken off, each event once', async () => {
    const { client, call } = await startResponses();
    const stream = await client().responses.create({ ...ASK, background: true, stream: true });
    const engineCall = await call();
    beginAnswer(engineCall);
    for (const content of ['a', 'b', 'c']) say(engineCall, { content });
    const before: Event[] = [];
    for await (const event of stream) {
      before.push(event);
      if (textOf(before) === 'ab') break;
    }
    const last = before.at(-1)?.sequence_number ?? 0;
    const [first] = before as unknown as [{ response: { id: string } }];
    say(engineCall, { content: 'd' });
    const rest = await client().responses.retrieve(first.response.id, { stream: true, starting_after: last });
    say(engineCall, { content: 'e' });
    endAnswer(engineCall);
    const all = [...before, ...(await eventsOf(rest))];
    expect(textOf(all)).toBe('abcde');
    expect(numbersOf(all)).toEqual(all.map((_, at) => at));
  });

  it('is replayed from any event after it has ended, and from its beginning for the stream() helper', async () => {
    const { client, call } = await startResponses();
    const stream = await client().responses.create({ ...ASK, background: true, stream: true });
    answerWith(await call(), 'one two three');
    const events = await eventsOf(stream);
    const { id } = (events[0] as { response: { id: string } }).response;
    for (const after of events.keys()) {
      const rest = await client().responses.retrieve(id, { stream: true, starting_after: after });
      expect(await eventsOf(rest)).toEqual(events.slice(after + 1));
    }
    const helper = client().responses.stream({ response_id: id, starting_after: 5 });
    expect((await helper.finalResponse()).output_text).toBe('one two three');
  });

  it('does not end with its client', async () => {
    const { client, call } = await startResponses();
    const stream = await client().responses.create({ ...ASK, background: true, stream: true });
    const engineCall = await call();
    stream.controller.abort();
    await failureOf(eventsOf(stream));
    answerWith(engineCall, 'still here');
    expect(engineCall.signal.aborted).toBe(false);
  });

  it('is cancelled as often as one likes', async () => {
    const { client, call } = await startResponses();
    const { id } = await client().responses.create({ ...ASK, background: true });
    const engineCall = await call();
    for (const _ of [1, 2]) expect(await client().responses.cancel(id)).toMatchObject({ id, status: 'cancelled' });
    expect(engineCall.signal.aborted).toBe(true);
    expect(await client().responses.retrieve(id)).toMatchObject({ status: 'cancelled' });
  });
});

describe('who leaves', () => {
  it('a response that is not stored ends it', async () => {
    const { client, call } = await startResponses();
    const stream = await client().responses.create({ ...ASK, store: false, stream: true });
    const engineCall = await call();
    const aborted = new Promise((resolve) => engineCall.signal.addEventListener('abort', resolve));
    stream.controller.abort();
    await failureOf(eventsOf(stream));
    await aborted;
  });

  it('a response that is stored can come back to it', async () => {
    const { client, call } = await startResponses();
    const stream = await client().responses.create({ ...ASK, stream: true });
    const engineCall = await call();
    let id = '';
    for await (const event of stream) {
      if (event.type === 'response.created') id = event.response.id;
      break;
    }
    answerWith(engineCall, 'still here');
    expect((await becomes(client(), id, 'completed')).output_text).toBe('still here');
  });
});

describe('a conversation', () => {
  it('goes on from a previous response, without its instructions', async () => {
    const { client, call } = await startResponses();
    const first = client().responses.create({ ...ASK, instructions: 'be brief' });
    answerWith(await call(), 'Hello');
    const { id } = await first;
    const second = client().responses.create({ model: 'm', input: 'and now?', previous_response_id: id });
    const engineCall = await call(1);
    expect(messagesOf(engineCall.call.body)).toEqual([
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: 'Hello' },
      { role: 'user', content: 'and now?' },
    ]);
    answerWith(engineCall, 'Bye');
    const { id: secondId } = await second;
    const third = client().responses.create({ model: 'm', input: 'ok', previous_response_id: secondId });
    const last = await call(2);
    expect(messagesOf(last.call.body)).toHaveLength(5);
    answerWith(last, 'x');
    await third;
  });

  it('does not go on from a response that is not there, or has not ended', async () => {
    const { client } = await startResponses();
    const goOn = (id: string) => failureOf(client().responses.create({ ...ASK, previous_response_id: id }));
    expect(await goOn('resp_x')).toMatchObject({ status: 400, param: 'previous_response_id' });
    const { id } = await client().responses.create({ ...ASK, background: true });
    expect(await goOn(id)).toMatchObject({ status: 400, param: 'previous_response_id' });
  });
});

describe('a response of an Idempotency-Key', () => {
  it('is made once, however often it is asked for', async () => {
    const { client, call, rig } = await startResponses();
    const ask = (input = 'hi') =>
      client().responses.create({ ...ASK, input }, { headers: { 'idempotency-key': 'k1' } });
    const asked = [ask(), ask()];
    answerWith(await call(), 'Hello');
    const [one, other] = await Promise.all(asked);
    expect(other?.id).toBe(one?.id);
    expect((await ask()).output_text).toBe('Hello');
    expect(rig.calls).toHaveLength(1);
    expect(await failureOf(ask('another'))).toMatchObject({ status: 400, param: 'Idempotency-Key' });
  });
});

describe('a response that is not for the caller', () => {
  it('is not found: unknown, not stored, of another key, or a task of another kind', async () => {
    const { client, call, tasks } = await startResponses({ apiKeys: [apiKey('one'), apiKey('two')] });
    const [one, two] = [client('sk-one'), client('sk-two')];
    const { id } = await one.responses.create({ ...ASK, background: true });
    answerWith(await call(), 'x');
    const unstored = one.responses.create({ ...ASK, store: false });
    answerWith(await call(1), 'y');
    const visitor = { name: 'one', admin: false, maxPriority: undefined };
    const chat = { type: 'chat' as const, model: 'm', payload: { messages: [] }, options: null };
    await tasks.submit([{ ...chat, id: 'resp_mine' }], visitor);
    expect(await failureOf(two.responses.retrieve(id))).toBeInstanceOf(NotFoundError);
    expect(await failureOf(two.responses.cancel(id))).toBeInstanceOf(NotFoundError);
    for (const other of ['resp_1', 'resp_mine', (await unstored).id]) {
      expect(await failureOf(one.responses.retrieve(other))).toBeInstanceOf(NotFoundError);
    }
  });
});

describe('a response that is deleted', () => {
  it('is cancelled and forgotten', async () => {
    const { client, url, deleted, call } = await startResponses();
    const { id } = await client().responses.create({ ...ASK, background: true });
    const engineCall = await call();
    const answer = await send(`${url}/v1/responses/${id}`, { method: 'DELETE' });
    expect(answer.json()).toEqual({ id, object: 'response', deleted: true });
    expect(deleted).toEqual([id]);
    expect(engineCall.signal.aborted).toBe(true);
  });
});

describe('a position', () => {
  it('that is no number is refused', async () => {
    const { client, url } = await startResponses();
    const { id } = await client().responses.create({ ...ASK, background: true });
    const answer = await send(`${url}/v1/responses/${id}?stream=true&starting_after=x`);
    expect([answer.status, answer.error.param]).toEqual([400, 'starting_after']);
  });

  it('in a log that is not kept any more is gone, while the whole response can be had', async () => {
    const { client, call, clock } = await startResponses();
    const { id } = await client().responses.create({ ...ASK, background: true });
    answerWith(await call(), 'one two');
    await becomes(client(), id, 'completed');
    clock.advance(24 * 3_600_000);
    const { id: other } = await client().responses.create({ ...ASK, background: true });
    answerWith(await call(1), 'x');
    await becomes(client(), other, 'completed');
    const failure = await failureOf(client().responses.retrieve(id, { stream: true, starting_after: 2 }));
    expect(failure).toBeInstanceOf(APIError);
    expect(failure).toMatchObject({ status: 410 });
    expect((await client().responses.retrieve(id)).output_text).toBe('one two');
    expect(textOf(await eventsOf(await client().responses.retrieve(id, { stream: true })))).toBe('one two');
  });
});

describe('a request that asks for nothing but an answer', () => {
  it('goes as it is to an engine of kind openai, and to no other', async () => {
    class OpenAiLike extends ManualEngine {
      override readonly kind = 'openai' as unknown as 'simulated';
    }
    const { client, call } = await startResponses({ engines: [new OpenAiLike('one')] });
    const asked = client().responses.create({ ...ASK, store: false });
    const engineCall = await call();
    expect(engineCall.call.path).toBe('/v1/responses');
    expect(JSON.parse(engineCall.call.body.toString())).toEqual({ ...ASK, store: false });
    engineCall.sink.head({ status: 200, headers: { 'content-type': 'application/json' } }, { resume: () => {} });
    engineCall.sink.chunk(Buffer.from('{"id":"r1","object":"response","output":[]}'));
    engineCall.end();
    expect((await asked).id).toBe('r1');
  });
});
