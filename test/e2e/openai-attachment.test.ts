/** The official `openai` package, whose every request may be sent again, and is. */
import OpenAI from 'openai';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { endAll } from '../support/ending.js';
import { answerWith, beginAnswer, say, startResponses } from '../support/responses-gateway.js';

afterEach(endAll);

const ASK = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] };
const COMPLETION = {
  id: 'c1',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
};

describe('chat.completions', () => {
  it('whose client loses patience is one call: the second attempt takes over the answer of the first', async () => {
    const { url, rig, call, clock, active } = await startResponses();
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-any', maxRetries: 1, timeout: 500 });
    const asked = client.chat.completions.create(ASK).withResponse();
    const engineCall = await call();
    clock.advance(300_000);
    // Its own time runs out, and it comes again.
    await vi.waitFor(() => expect(active.size).toBe(0), { interval: 1, timeout: 5_000 });
    await vi.waitFor(() => expect(active.size).toBe(1), { interval: 1, timeout: 5_000 });
    engineCall.sink.head({ status: 200, headers: { 'content-type': 'application/json' } }, { resume: () => {} });
    engineCall.sink.chunk(Buffer.from(JSON.stringify(COMPLETION)));
    engineCall.end();
    const { data, response } = await asked;
    expect(data.choices[0]?.message.content).toBe('Hello');
    expect(response.headers.get('x-gollama-joined')).toMatch(/^[\w-]{8,}$/);
    expect(rig.calls).toHaveLength(1);
  });

  it('streams as ever', async () => {
    const { client, call } = await startResponses();
    const stream = client().chat.completions.stream(ASK);
    const engineCall = await call();
    beginAnswer(engineCall);
    say(engineCall, { role: 'assistant', content: 'Hel' });
    say(engineCall, { content: 'lo' }, 'stop');
    engineCall.sink.chunk(Buffer.from('data: [DONE]\n\n'));
    engineCall.end();
    expect((await stream.finalChatCompletion()).choices[0]?.message.content).toBe('Hello');
  });

  it('that is broken off in the middle is cancelled at once', async () => {
    const { client, call } = await startResponses();
    const stream = await (async () => {
      const asked = client().chat.completions.create({ ...ASK, stream: true });
      const engineCall = await call();
      beginAnswer(engineCall);
      say(engineCall, { role: 'assistant', content: 'Hel' });
      return { engineCall, stream: await asked };
    })();
    const aborted = new Promise((resolve) => stream.engineCall.signal.addEventListener('abort', resolve));
    stream.stream.controller.abort();
    await aborted;
  });

  it('with one key are one answer', async () => {
    const { client, call, rig } = await startResponses();
    const ask = () =>
      client().chat.completions.create({ ...ASK, stream: true }, { headers: { 'idempotency-key': 'k' } });
    const textOf = async (stream: AsyncIterable<OpenAI.ChatCompletionChunk>) => {
      let text = '';
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      return text;
    };
    const asked = ask();
    answerWith(await call(), 'Hello you');
    expect(await textOf(await asked)).toBe('Hello you');
    expect(await textOf(await ask())).toBe('Hello you');
    expect(rig.calls).toHaveLength(1);
  });
});
