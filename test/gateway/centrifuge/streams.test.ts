import { afterEach, describe, expect, it } from 'vitest';
import { asciiJson } from '../../../src/gateway/centrifuge/http-stream.js';
import {
  DONE,
  type Frame,
  publicationsIn,
  RUNNING,
  startCentrifugeGateway,
  textRecord,
} from '../../support/centrifuge-gateway.js';
import { endAll } from '../../support/ending.js';
import { type Answer, open, type SendOptions, send } from '../../support/http.js';

afterEach(endAll);

type Gateway = Awaited<ReturnType<typeof startCentrifugeGateway>>;

const CONNECT = JSON.stringify({ id: 1, connect: { name: 'js' } });
const withConnect = (text = CONNECT) => `?cf_connect=${encodeURIComponent(text)}`;

const eventsOf = (answer: Answer) => answer.events.map((event) => JSON.parse(event) as Frame);
const linesOf = (answer: Answer) => {
  const lines = answer.text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Frame);
};

/** Waits for the connect reply; the client then speaks by `say`. */
async function emulated(gateway: Gateway, path: string, options: SendOptions = {}) {
  const answer = await open(gateway.url + path, options);
  await answer.until('"connect"');
  const [first] = path.includes('http_stream') ? linesOf(answer) : eventsOf(answer);
  const { session, node } = first?.connect ?? {};
  const say = async (...commands: unknown[]) => {
    const data = commands.map((command) => JSON.stringify(command)).join('\n');
    return (await send(`${gateway.url}/emulation`, { body: { session, node, data } })).status;
  };
  return { answer, say, session, node };
}

describe('/connection/sse', () => {
  it('begins as the reference does, and tells what is asked for by /emulation', async () => {
    const gateway = await startCentrifugeGateway();
    gateway.append('c', RUNNING, textRecord('a'));
    const { answer, say } = await emulated(gateway, `/connection/sse${withConnect()}`);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
      pragma: 'no-cache',
      expire: '0',
    });
    expect(answer.headers['cache-control']).toContain('no-store');
    expect(answer.text).toMatch(
      /^\r\ndata: \{"id":1,"connect":\{"client":"[^"]+","ping":25,"pong":true,"session":"[^"]{36}","node":"[^"]{36}"\}\}\n\n$/,
    );
    expect(await say({ id: 2, subscribe: { channel: 'c', flag: 1 } })).toBe(204);
    await answer.until('"offset":2');
    gateway.append('c', DONE);
    await answer.until('"unsubscribe"');
    expect(publicationsIn(eventsOf(answer)).map(({ data }) => data.type)).toEqual(['start', 'chunk', 'end']);
  });

  it('takes the first commands in a body too, and all that come in one piece', async () => {
    const gateway = await startCentrifugeGateway();
    gateway.append('c', RUNNING);
    const body = `${CONNECT}\n${JSON.stringify({ id: 2, subscribe: { channel: 'c' } })}`;
    const { answer } = await emulated(gateway, '/connection/sse', { method: 'POST', body });
    await answer.until('"id":2');
    expect(publicationsIn(eventsOf(answer))).toHaveLength(1);
  });

  it('is answered 400 without a command, 413 with too long ones, 405 for other methods, 200 for OPTIONS', async () => {
    const { url } = await startCentrifugeGateway();
    const path = `${url}/connection/sse`;
    expect([(await send(path)).status, (await send(path, { method: 'POST' })).status]).toEqual([400, 400]);
    const body = 'x'.repeat(65 * 1024);
    expect((await send(path, { method: 'POST', body })).status).toBe(413);
    expect((await send(path, { method: 'DELETE' })).status).toBe(405);
    expect((await send(path, { method: 'OPTIONS' })).status).toBe(200);
  });

  it('tells a disconnect as a push, and ends', async () => {
    const gateway = await startCentrifugeGateway({ identify: () => undefined });
    const answer = await send(`${gateway.url}/connection/sse${withConnect()}`);
    expect(eventsOf(answer)).toEqual([{ push: { disconnect: { code: 3500, reason: 'invalid token' } } }]);
  });

  it('tells 3001 when the server stops', async () => {
    const gateway = await startCentrifugeGateway();
    const { answer } = await emulated(gateway, `/connection/sse${withConnect()}`);
    await gateway.stop();
    expect(await answer.ended).toBe('complete');
    expect(eventsOf(answer).at(-1)).toEqual({ push: { disconnect: { code: 3001, reason: 'shutdown' } } });
  });

  it('pings in an event', async () => {
    const gateway = await startCentrifugeGateway();
    const { answer, say } = await emulated(gateway, `/connection/sse${withConnect()}`);
    gateway.clock.advance(25_000);
    await answer.until('data: {}');
    expect(await say({})).toBe(204);
    expect(await say({ id: 3, rpc: {} })).toBe(204);
    await answer.until('"id":3');
    gateway.clock.advance(10_000);
    expect(await say({ id: 4, rpc: {} })).toBe(204);
    await answer.until('"id":4');
  });

  it('is open to pages of other origins where they are allowed', async () => {
    const origin = 'https://app.example';
    const gateway = await startCentrifugeGateway({ corsOrigins: [origin] });
    const { answer } = await emulated(gateway, `/connection/sse${withConnect()}`, { headers: { origin } });
    expect(answer.headers['access-control-allow-origin']).toBe(origin);
    const preflight = await send(`${gateway.url}/emulation`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-headers']).toBe('content-type');
    const closed = await startCentrifugeGateway();
    expect((await send(`${closed.url}/connection/sse${withConnect()}`, { headers: { origin } })).status).toBe(403);
  });
});

describe('/emulation', () => {
  it('is answered 404 for another process, and 204 for a session that is over', async () => {
    const gateway = await startCentrifugeGateway();
    const { answer, say, session, node } = await emulated(gateway, `/connection/sse${withConnect()}`);
    const ask = async (body: unknown) => (await send(`${gateway.url}/emulation`, { body })).status;
    expect(await ask({ session, node: 'another', data: '{}' })).toBe(404);
    expect(await ask({ session: 'another', node, data: '{}' })).toBe(204);
    answer.leave();
    await answer.ended;
    expect(await say({ id: 2, rpc: {} })).toBe(204);
  });

  it('is answered 400 for what is no message, 413 for a long one, and 405 for other methods', async () => {
    const { url } = await startCentrifugeGateway();
    const path = `${url}/emulation`;
    for (const body of ['x', '', '[]', {}, { session: 's', node: 'n', data: {} }]) {
      expect((await send(path, { method: 'POST', body })).status).toBe(400);
    }
    expect((await send(path, { body: { data: 'x'.repeat(65 * 1024) } })).status).toBe(413);
    expect((await send(path)).status).toBe(405);
  });
});

describe('/connection/http_stream', () => {
  it('tells messages as lines of ASCII', async () => {
    const gateway = await startCentrifugeGateway();
    gateway.append('c', RUNNING, textRecord('汉字 🎉 é'), DONE);
    const { answer, say } = await emulated(gateway, '/connection/http_stream', { method: 'POST', body: CONNECT });
    expect(await say({ id: 2, subscribe: { channel: 'c' } })).toBe(204);
    await answer.until('"unsubscribe"');
    expect(answer.bytes.every((byte) => byte < 0x80)).toBe(true);
    expect(publicationsIn(linesOf(answer)).map(({ data }) => data.message)).toEqual(['', '汉字 🎉 é', '']);
    await gateway.stop();
    await answer.ended;
    expect(linesOf(answer).at(-1)).toEqual({ push: { disconnect: { code: 3001, reason: 'shutdown' } } });
  });

  it('writes every character as the same one', () => {
    const text = 'a\u007f\u0080\u2028\ud83c\udf89\ud800"\\';
    expect(JSON.parse(asciiJson(JSON.stringify(text)))).toBe(text);
  });
});

describe('/connection/uni_sse', () => {
  it('tells one channel with ids, and goes on behind Last-Event-ID', async () => {
    const gateway = await startCentrifugeGateway();
    const { epoch } = gateway.logs;
    gateway.append('c', RUNNING, textRecord('a'));
    const path = `${gateway.url}/connection/uni_sse${withConnect('{"subs":{"c":{}}}')}`;
    const first = await open(path);
    await first.until('"offset":2');
    expect(first.text).toContain(`id: ${epoch}:2\ndata: {"connect":{"client":`);
    gateway.append('c', textRecord('b'));
    await first.until('"offset":3');
    expect(first.text).toContain(`id: ${epoch}:3\ndata: {"channel":"c","pub":{"data":`);
    first.leave();
    gateway.append('c', textRecord('c'));
    const again = await open(path, { headers: { 'last-event-id': `${epoch}:3` } });
    await again.until('"offset":4');
    expect(eventsOf(again)).toMatchObject([
      { connect: { subs: { c: { recovered: true, offset: 3, publications: [{ offset: 4 }] } } } },
    ]);
  });

  it('tells several channels without ids, and nobody his disconnect as a bare push', async () => {
    const gateway = await startCentrifugeGateway();
    gateway.append('a', RUNNING);
    gateway.append('b', RUNNING);
    const body = '{"subs":{"a":{},"b":{}}}';
    const answer = await open(`${gateway.url}/connection/uni_sse`, { method: 'POST', body });
    await answer.until('"connect"');
    expect(answer.text).not.toContain('id: ');
    await gateway.stop();
    await answer.ended;
    expect(eventsOf(answer).at(-1)).toEqual({ disconnect: { code: 3001, reason: 'shutdown' } });
  });
});

describe('/connection/sse?channel=', () => {
  it('tells bare messages with ids to the end, goes on behind the last one, and stops an EventSource at the end', async () => {
    const gateway = await startCentrifugeGateway();
    const { epoch } = gateway.logs;
    const path = `${gateway.url}/connection/sse?channel=c`;
    const behind = (offset: number, of = epoch) => ({ headers: { 'last-event-id': `${of}:${offset}` } });
    gateway.append('c', RUNNING, textRecord('a'));
    const answer = await open(path);
    await answer.until('"a"');
    gateway.clock.advance(15_000);
    await answer.until(': hb');
    gateway.append('c', textRecord('b'), DONE);
    expect(await answer.ended).toBe('complete');
    expect(eventsOf(answer)).toEqual([
      { type: 'start', message: '' },
      { type: 'chunk', message: 'a' },
      { type: 'chunk', message: 'b' },
      { type: 'end', message: '' },
    ]);
    expect(answer.text).toContain(`id: ${epoch}:4\n`);
    expect(eventsOf(await send(path, behind(2)))).toMatchObject([{ message: 'b' }, { type: 'end' }]);
    expect((await send(path, behind(4))).status).toBe(204);
    expect((await send(path, behind(5))).status).toBe(410);
    expect((await send(path, behind(2, 'another'))).status).toBe(410);
  });

  it('is answered 404 for a channel that is not there, and 401 for nobody', async () => {
    const gateway = await startCentrifugeGateway();
    expect((await send(`${gateway.url}/connection/sse?channel=c`)).status).toBe(404);
    const closed = await startCentrifugeGateway({ identify: () => undefined });
    expect((await send(`${closed.url}/connection/sse?channel=c`)).status).toBe(401);
  });
});
