/** `gollama serve` with a real llama-server behind it. */
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endAll } from '../support/ending.js';
import { GollamaProcess } from '../support/gollama-process.js';
import { begin, send } from '../support/http.js';
import { makePlace } from '../support/place.js';
import { findRealEngine } from './real-engine.js';

const real = findRealEngine();
const CHAT = { model: 'chat', messages: [{ role: 'user' as const, content: 'Say something.' }] };

describe.skipIf(real === undefined)('a real llama-server', () => {
  let server: GollamaProcess;
  let client: OpenAI;

  beforeAll(async () => {
    const place = makePlace();
    const config = place.write('gollama.yaml', configuration(real?.bin ?? '', real?.model ?? ''));
    server = await GollamaProcess.serve(['-c', config], { place });
    await server.ready();
    client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
  });

  afterAll(endAll);

  it('tells its models and slots', async () => {
    const names = (await client.models.list()).data.map(({ id }) => id);
    expect(names).toEqual(['chat', 'embed']);
    const { engines } = await status(server.url);
    expect(engines.map(({ name, state, slots_total }) => [name, state, slots_total])).toEqual([
      ['chat', 'ready', 2],
      ['embed', 'ready', 1],
    ]);
  });

  it('answers a chat with the usage it counted', async () => {
    const answer = await client.chat.completions.create({ ...CHAT, max_tokens: 8 });
    expect(answer.choices[0]?.message.content).toMatch(/\w/);
    expect(answer.choices[0]?.finish_reason).toBe('length');
    expect(answer.usage?.completion_tokens).toBe(8);
    const counted = await server.record(({ msg }) => msg === 'request completed');
    expect(counted).toMatchObject({ model: 'chat', completion_tokens: 8, prompt_tokens: answer.usage?.prompt_tokens });
  });

  it('streams the words it would have answered at once', async () => {
    const request = { ...CHAT, max_tokens: 16, temperature: 0 };
    const whole = await client.chat.completions.create(request);
    let streamed = '';
    for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) {
      streamed += chunk.choices[0]?.delta.content ?? '';
    }
    expect(streamed).toBe(whole.choices[0]?.message.content);
  });

  it('gives the same embedding as floats and as base64', async () => {
    const request = { model: 'embed', input: 'silver river' };
    const floats = await client.embeddings.create({ ...request, encoding_format: 'float' });
    const packed = await client.embeddings.create(request);
    const values = floats.data[0]?.embedding ?? [];
    expect(values.length).toBeGreaterThan(8);
    expect(packed.data[0]?.embedding.map(Math.fround)).toEqual(values.map(Math.fround));
  });

  it('passes on an error of the engine with its status', async () => {
    const answer = await send(`${server.url}/v1/chat/completions`, { body: { ...CHAT, max_tokens: 'many' } });
    expect(answer.status).toBe(400);
    expect(answer.json().error).toMatchObject({ type: 'invalid_request_error' });
  });

  for (const stream of [true, false]) {
    it(`frees the slot of a client that left its ${stream ? 'stream' : 'JSON answer'}, beside another client's stream`, async () => {
      // A long answer for somebody else: the engine is not quiet, it streams, and must notice all the same.
      const other = begin(`${server.url}/v1/chat/completions`, { body: { ...CHAT, max_tokens: 1500, stream: true } });
      await (await other.head).until('data: ');
      const leaving = begin(`${server.url}/v1/chat/completions`, { body: { ...CHAT, max_tokens: 30_000, stream } });
      if (stream) await (await leaving.head).until('data: ');
      else await busySlots(server.url, 2);
      leaving.leave();
      leaving.head.catch(() => {});
      await server.record(({ msg, stream: streamed }) => msg === 'request cancelled' && streamed === stream);
      other.leave();
      await server.record(({ msg }) => msg === 'request cancelled' || msg === 'request completed');
      await busySlots(server.url, 0);
    });
  }

  it('is started again after kill -9, and a request that came meanwhile is answered', async () => {
    const { restarts } = await chatEngine(server.url);
    const enginePid = Number(
      server.records.find(({ msg, engine }) => msg === 'engine process started' && engine === 'chat')?.pid,
    );
    process.kill(enginePid, 'SIGKILL');
    await server.record(({ msg, engine }) => msg === 'engine failed' && engine === 'chat');
    const answer = await client.chat.completions.create({ ...CHAT, max_tokens: 4 });
    expect(answer.choices[0]?.finish_reason).toBe('length');
    expect((await chatEngine(server.url)).restarts).toBe(restarts + 1);
  });

  it('lets a stream end when it is stopped, and leaves no process behind', async () => {
    const answer = await begin(`${server.url}/v1/chat/completions`, {
      body: { ...CHAT, max_tokens: 200, stream: true },
    }).head;
    await answer.until('data: ');
    server.signal('SIGTERM');
    expect(await answer.ended).toBe('complete');
    expect(answer.events.at(-1)).toBe('[DONE]');
    expect((await server.ended).code).toBe(0);
    for (const pid of server.enginePids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});

function configuration(bin: string, model: string): string {
  const engine = (name: string, slots: number, args: string[]) => ({
    name,
    kind: 'llama-server',
    bin,
    model_path: model,
    models: [name],
    slots,
    args: ['-c', '4096', '--threads', '1', ...args],
  });
  return JSON.stringify({
    engines: [engine('chat', 2, []), engine('embed', 1, ['--embeddings', '--pooling', 'mean'])],
  });
}

interface Status {
  readonly engines: readonly {
    name: string;
    state: string;
    slots_total: number;
    slots_busy: number;
    restarts: number;
  }[];
}

async function status(url: string): Promise<Status> {
  return (await (await fetch(`${url}/api/status`)).json()) as Status;
}

async function chatEngine(url: string): Promise<Status['engines'][number]> {
  const engine = (await status(url)).engines.find(({ name }) => name === 'chat');
  if (!engine) throw new Error('there is no engine "chat"');
  return engine;
}

async function busySlots(url: string, count: number): Promise<void> {
  await expect.poll(async () => (await chatEngine(url)).slots_busy, { timeout: 30_000 }).toBe(count);
}
