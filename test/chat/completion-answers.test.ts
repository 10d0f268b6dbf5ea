import { afterEach, describe, expect, it } from 'vitest';
import type { Question } from '../../src/chat/answer.js';
import { CompletionAnswers } from '../../src/chat/completion-answers.js';
import { Transport } from '../../src/client/transport.js';
import { endAll } from '../support/ending.js';
import { chatCompletion, FakeUpstream } from '../support/fake-upstream.js';
import { QUESTION, Told } from './told.js';

afterEach(endAll);

async function setUp() {
  const upstream = await FakeUpstream.start();
  const transport = new Transport({ baseUrl: upstream.url });
  const answers = new CompletionAnswers({ transport, continuation: () => 'ask' });
  const stop = new AbortController();
  const ask = (question: Partial<Question> = {}) => new Told(answers.ask({ ...QUESTION, ...question }, stop.signal));
  return { upstream, answers, stop, ask };
}

const event = (chunk: object) => `data: ${JSON.stringify(chunk)}\n\n`;
const delta = (said: object, reason: string | null = null) =>
  event({ choices: [{ index: 0, delta: said, finish_reason: reason }] });

describe('an answer of an OpenAI-compatible server', () => {
  it('is told as it comes, reasoning apart, with the figures of its end', async () => {
    const { upstream, ask } = await setUp();
    const told = ask();
    const call = await upstream.next();
    call.beginStream({ 'x-gollama-queue-ms': '12' });
    call.response.write(`: waiting\n\n${delta({ role: 'assistant', content: null })}`);
    call.response.write(delta({ reasoning_content: 'hm' }));
    call.response.write(delta({ content: 'yes' }) + delta({}, 'length'));
    const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };
    call.response.end(`${event({ choices: [], usage })}data: [DONE]\n\n`);
    expect(await told.all).toEqual(['waiting', 'started', 'reasoning hm', 'text yes', 'end length']);
    expect(told.end).toMatchObject({
      usage: { promptTokens: 7, completionTokens: 3 },
      stats: { queueMs: 12, promptTokens: 7, completionTokens: 3 },
    });
  });

  it('has the figures that a llama-server tells', async () => {
    const { upstream, ask } = await setUp();
    const told = ask();
    const call = await upstream.next();
    call.beginStream();
    const timings = { cache_n: 5, prompt_n: 2, predicted_n: 3, predicted_per_second: 57.9 };
    const choices = [{ index: 0, delta: { content: 'a' }, finish_reason: 'stop' }];
    call.response.end(`${event({ choices, timings })}data: [DONE]\n\n`);
    await told.all;
    expect(told.end).toMatchObject({
      usage: { promptTokens: 7, completionTokens: 3 },
      stats: { tokensPerSecond: 57.9 },
    });
  });

  it('is asked for in the words of the OpenAI API', async () => {
    const { upstream, ask } = await setUp();
    const messages = [{ role: 'user', content: 'look', images: ['/9j/4AAQ', 'iVBO'] }];
    const told = ask({ messages, options: { num_predict: 9, num_ctx: 1, top_k: 3 }, think: false });
    const call = await upstream.next();
    expect(call.json).toEqual({
      model: 'm',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'look' },
            { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,/9j/4AAQ' } },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBO' } },
          ],
        },
      ],
      max_tokens: 9,
      top_k: 3,
      chat_template_kwargs: { enable_thinking: false },
      stream: true,
      stream_options: { include_usage: true },
    });
    call.answer(200, chatCompletion('fine'));
    await told.all;
  });

  it.each<[Partial<Question>, object]>([
    [{}, {}],
    [{ think: 'high' }, { reasoning_effort: 'high' }],
    [
      { think: true, messages: [...QUESTION.messages, { role: 'assistant', content: 'so' }] },
      { chat_template_kwargs: { enable_thinking: false } },
    ],
  ])('asks for reasoning as the question does: %j', async (question, expected) => {
    const { upstream, ask } = await setUp();
    ask(question);
    const { chat_template_kwargs, reasoning_effort } = (await upstream.next()).json;
    expect(JSON.parse(JSON.stringify({ chat_template_kwargs, reasoning_effort }))).toEqual(expected);
  });

  it('may come whole', async () => {
    const { upstream, ask } = await setUp();
    const told = ask();
    (await upstream.next()).answer(200, chatCompletion('<think>hm</think>fine'));
    expect(await told.all).toEqual(['waiting', 'started', 'reasoning hm', 'text fine', 'end stop']);
    expect(told.end.usage).toEqual({ promptTokens: 3, completionTokens: 5 });
  });

  it('is given up at the server when it is stopped', async () => {
    const { upstream, ask, stop } = await setUp();
    const told = ask();
    const call = await upstream.next();
    call.beginStream();
    call.say('half');
    await told.until('text half');
    stop.abort();
    expect(await told.all).toEqual(['waiting', 'started', 'text half', 'end stopped']);
    await call.abandoned;
  });

  it('is given up at the server when it is stopped before anything came', async () => {
    const { upstream, ask, stop } = await setUp();
    const told = ask();
    const call = await upstream.next();
    stop.abort();
    expect(await told.all).toEqual(['waiting', 'end stopped']);
    await call.abandoned;
  });

  it('is given up at the server when its reader leaves', async () => {
    const { upstream, answers } = await setUp();
    const call = upstream.next().then((taken) => {
      taken.beginStream();
      taken.say('half');
      return taken;
    });
    for await (const { kind } of answers.ask(QUESTION, new AbortController().signal)) if (kind === 'text') break;
    await (await call).abandoned;
  });

  it('that is cut off throws, and never ends as if it were whole', async () => {
    const { upstream, ask } = await setUp();
    const told = ask();
    const call = await upstream.next();
    call.beginStream();
    call.say('half');
    await told.until('text half');
    call.response.end();
    await expect(told.all).rejects.toMatchObject({
      code: 'engine_error',
      message: 'the answer was cut off before its end',
    });
  });

  it('whose connection breaks throws', async () => {
    const { upstream, ask } = await setUp();
    const told = ask();
    const call = await upstream.next();
    call.beginStream();
    call.say('half');
    await told.until('text half');
    call.response.destroy();
    await expect(told.all).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('that is whole without its last line has ended', async () => {
    const { upstream, ask } = await setUp();
    const told = ask();
    const call = await upstream.next();
    call.beginStream();
    call.response.end(delta({ content: 'yes' }, 'stop'));
    expect(await told.all).toEqual(['waiting', 'started', 'text yes', 'end stop']);
  });

  it.each<[string, string, object]>([
    [
      'by gollama',
      event({ error: { message: 'no slot', code: 'queue_timeout' } }),
      { code: 'queue_timeout', message: 'no slot' },
    ],
    ['by another server', event({ error: { message: 'boom', code: 500 } }), { code: 'engine_error', message: 'boom' }],
    ['as a text', event({ error: 'boom' }), { code: 'engine_error', message: 'boom' }],
    ['as nonsense', 'data: hello\n\n', { code: 'engine_error', message: 'the answer is not understood: hello' }],
  ])('throws an error that is told in the middle of it %s', async (_who, text, error) => {
    const { upstream, ask } = await setUp();
    const told = ask();
    const call = await upstream.next();
    call.beginStream();
    call.response.end(text);
    await expect(told.all).rejects.toMatchObject(error);
  });

  it.each([
    [404, 'model "m" not found', 'model_not_found'],
    [400, 'the request exceeds the available context size', 'invalid_request'],
    [401, 'Invalid API Key', 'unauthorized'],
  ])('that is refused with %i throws why', async (status, message, code) => {
    const { upstream, ask } = await setUp();
    const told = ask();
    (await upstream.next()).answer(status, { error: { message, type: 'x', code: status } });
    await expect(told.all).rejects.toMatchObject({ code, message });
  });
});
