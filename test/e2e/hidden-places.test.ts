/** Who is no admin is told what went wrong, and not where: in every face, live and later. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { publicationsIn, RawClient } from '../support/centrifuge-gateway.js';
import { endAll } from '../support/ending.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { open, send } from '../support/http.js';
import { startApp } from '../support/start-app.js';
import { SocketWatch } from '../support/task-gateway.js';

afterEach(endAll);

const PLACES = 'no answer of http://10.0.0.5:8000 (gpu-box:9999, /srv/models/a.gguf)';
const WORDS = 'no answer of [address] ([address], [path])';
const ANY_PLACE = /10\.0\.0\.5|gpu-box|\/srv|127\.0\.0\.1/;
const KEYS = 'server: {api_keys: [{key: sk-user, name: user}, {key: sk-admin, name: admin, admin: true}]}';
const HELLO = [{ role: 'user', content: 'hi' }];
const TASK = { type: 'chat', model: 'm', payload: { messages: HELLO }, max_retries: 0 };

const asUser = { authorization: 'Bearer sk-user' };
const asAdmin = { authorization: 'Bearer sk-admin' };

/** An engine that fails with `PLACES`, in the midst of its answer where the client says `cut`. */
async function failing(yaml = KEYS) {
  const upstream = await FakeUpstream.start({
    answer: (call) => {
      if (!call.body.includes('cut')) return call.answer(500, { error: { message: PLACES } });
      call.beginStream();
      call.say('so far');
      call.response.end(`data: ${JSON.stringify({ error: { message: PLACES, code: 500 } })}\n\n`);
    },
  });
  const app = await startApp(`engines: [{kind: openai, name: gpu, base_url: "${upstream.url}"}]\n${yaml}`);
  const failed = async (headers = asUser, content = 'cut') => {
    const body = { ...TASK, payload: { messages: [{ role: 'user', content }] } };
    const { task_id: id } = (await send(`${app.url}/api/tasks`, { body, headers })).json();
    await vi.waitFor(async () =>
      expect((await send(`${app.url}/api/tasks/${String(id)}`, { headers: asAdmin })).json().status).toBe('failed'),
    );
    return String(id);
  };
  return { ...app, failed };
}

const channelOf = (text: string) => String((JSON.parse(text) as { channel_id: string }).channel_id);

describe('without an admin key, the failure of a task', () => {
  it('has no places in the task, in lists and in its stream; an admin and the log have them', async () => {
    const { url, log, failed } = await failing();
    const id = await failed();
    const read = async (headers: Record<string, string>) => {
      const stream = await open(`${url}/api/tasks/${id}/stream`, { headers });
      await stream.ended;
      const socket = new SocketWatch(`${url.replace('http', 'ws')}/ws`, [], headers);
      return [
        String((await send(`${url}/api/tasks/${id}`, { headers })).json().error),
        (await send(`${url}/api/tasks`, { headers })).text,
        stream.text,
        await socket.frame(1),
      ];
    };
    for (const text of await read(asUser)) {
      expect(text).toContain(WORDS);
      expect(text).not.toMatch(ANY_PLACE);
    }
    for (const text of await read(asAdmin)) expect(text).toContain(PLACES);
    expect(JSON.stringify(log)).toContain(PLACES);
  });

  it('has none on its channel, neither live nor for those who come later', async () => {
    const { url, failed } = await failing();
    const id = channelOf((await send(`${url}/api/chat`, { body: { message: 'cut' }, headers: asUser })).text);
    const follow = async (headers: Record<string, string>, channel: string) => {
      const client = new RawClient(`${url.replace('http', 'ws')}/connection/websocket`, { headers });
      await client.opened();
      client.say({ id: 1, connect: {} }, { id: 2, subscribe: { channel } });
      await client.until(({ push }) => push?.unsubscribe);
      const bare = await open(`${url}/connection/sse?channel=${encodeURIComponent(channel)}`, { headers });
      await bare.ended;
      return [JSON.stringify(publicationsIn(client.messages)), bare.text];
    };
    for (const channel of [id, await failed()]) {
      for (const text of await follow(asUser, channel)) {
        expect(text).toContain(`Error: chat execution failed: gpu: request failed with status 500: ${WORDS}`);
        expect(text).not.toMatch(ANY_PLACE);
      }
      for (const text of await follow(asAdmin, channel)) expect(text).toContain(PLACES);
    }
  });

  it.each(['cut', 'at once'])('has none for clients of Ollama, the AI SDK and responses: %s', async (content) => {
    const { url } = await failing();
    const messages = [{ role: 'user', content }];
    const page = { id: 'c', messages: [{ id: 'm', role: 'user', parts: [{ type: 'text', text: content }] }] };
    const asked: [path: string, body: object][] = [
      ['/ollama/api/chat', { model: 'm', messages }],
      ['/ollama/api/chat', { model: 'm', messages, stream: false }],
      ['/api/generate', { model: 'm', prompt: content }],
      ['/ai/chat', page],
      ['/v1/responses', { model: 'm', input: content, stream: true }],
      ['/v1/responses', { model: 'm', input: content }],
    ];
    for (const [path, body] of asked) {
      const told = async (headers: Record<string, string>) => {
        const answer = await open(url + path, { body, headers });
        await answer.ended;
        return `${path} ${answer.text}`;
      };
      const text = await told(asUser);
      expect(text).toContain(WORDS);
      expect(text).not.toMatch(ANY_PLACE);
      expect(await told(asAdmin)).toContain(PLACES);
    }
  });

  it('has them for everybody where no keys are set', async () => {
    const { url, failed } = await failing('');
    const id = await failed({ authorization: 'none' });
    expect((await send(`${url}/api/tasks/${id}`)).json().error).toContain(PLACES);
  });
});

describe('without an admin key, an engine that cannot be reached', () => {
  it('is told without its address, as answer, as event of a stream and in the status', async () => {
    const upstream = await FakeUpstream.start();
    const closed = upstream.url;
    await upstream.stop();
    const app = await startApp(`engines: [{kind: openai, name: gpu, base_url: "${closed}", models: [m]}]
queue: {start_wait_timeout: 300ms}
${KEYS}`);
    const told = async (headers: Record<string, string>) => {
      const chat = { model: 'm', messages: HELLO };
      const stream = await open(`${app.url}/v1/chat/completions`, { body: { ...chat, stream: true }, headers });
      await stream.ended;
      return [
        (await send(`${app.url}/v1/chat/completions`, { body: chat, headers })).text,
        stream.text,
        (await send(`${app.url}/ollama/api/chat`, { body: chat, headers })).text,
        (await send(`${app.url}/api/status`, { headers })).text,
      ];
    };
    for (const text of await told(asUser)) {
      expect(text).toContain('gpu');
      expect(text).toContain('[address]');
      expect(text).not.toMatch(ANY_PLACE);
    }
    for (const text of await told(asAdmin)) expect(text).toContain(closed);
  });
});
