import { afterEach, describe, expect, it } from 'vitest';
import {
  DONE,
  publicationsIn,
  RawClient,
  RUNNING,
  startCentrifugeGateway,
  textRecord,
} from '../../support/centrifuge-gateway.js';
import { endAll } from '../../support/ending.js';
import { open, send } from '../../support/http.js';
import { settled } from '../../support/manual-clock.js';

afterEach(endAll);

const CONNECT = { id: 1, connect: { name: 'js' } };

async function connected(url: string): Promise<RawClient> {
  const client = await new RawClient(url).opened();
  client.say(CONNECT);
  await client.reply(1);
  return client;
}

describe('/connection/websocket', () => {
  it('tells a whole answer, however late the client comes, and ends the subscription', async () => {
    const { socketUrl, append } = await startCentrifugeGateway();
    append('c', RUNNING, textRecord('Hel'));
    const client = await new RawClient(socketUrl).opened();
    client.say(CONNECT, { id: 2, subscribe: { channel: 'c', flag: 1 } });
    const { subscribe } = await client.reply(2);
    expect(subscribe).toMatchObject({
      recoverable: true,
      positioned: true,
      publications: [{ offset: 1 }, { offset: 2 }],
    });
    append('c', textRecord('lo'), DONE);
    const end = await client.until(({ push }) => push?.unsubscribe);
    expect(end.push).toEqual({ channel: 'c', unsubscribe: { code: 2000, reason: 'server unsubscribe' } });
    expect(publicationsIn(client.messages)).toEqual([
      { data: { type: 'start', message: '' }, offset: 1 },
      { data: { type: 'chunk', message: 'Hel' }, offset: 2 },
      { data: { type: 'chunk', message: 'lo' }, offset: 3 },
      { data: { type: 'end', message: '' }, offset: 4 },
    ]);
    expect(client.texts[0]).toMatch(/^\{"id":1,"connect":\{"client":"[0-9a-f-]{36}","ping":25,"pong":true\}\}$/);
  });

  it('follows a channel before its log begins', async () => {
    const { socketUrl, append, channels } = await startCentrifugeGateway();
    channels.set('c', { logId: 'c' });
    const client = await connected(socketUrl);
    client.say({ id: 2, subscribe: { channel: 'c' } });
    expect((await client.reply(2)).subscribe.publications).toBeUndefined();
    append('c', RUNNING);
    expect((await client.until(({ push }) => push)).push?.pub).toMatchObject({ data: { type: 'start' }, offset: 1 });
  });

  it('tells an answer whose log is not kept any more from what is known of it', async () => {
    const { socketUrl, channels } = await startCentrifugeGateway();
    const answer = [textRecord('all of it'), DONE].map((record, at) => ({ sequence: at + 1, record }));
    channels.set('c', { logId: 'c', answer });
    const client = await connected(socketUrl);
    client.say({ id: 2, subscribe: { channel: 'c' } });
    await client.until(({ push }) => push?.unsubscribe?.code === 2000);
    expect(publicationsIn(client.messages).map(({ data }) => data.type)).toEqual(['start', 'chunk', 'end']);
    client.say({ id: 3, subscribe: { channel: 'c', recover: true, offset: 1, epoch: 'of-the-log' } });
    expect((await client.reply(3)).subscribe.recovered).toBeUndefined();
  });

  it('is answered 400 where it is no handshake, and where it is one for Protocol Buffers', async () => {
    const { socketUrl, url } = await startCentrifugeGateway();
    expect((await send(`${url}/connection/websocket`)).status).toBe(400);
    for (const query of ['?format=protobuf', '?cf_protocol=protobuf']) {
      await expect(new RawClient(socketUrl + query).opened()).rejects.toThrow('400');
    }
    await expect(new RawClient(socketUrl, { protocols: ['centrifuge-protobuf'] }).opened()).rejects.toThrow('400');
    const client = await new RawClient(socketUrl, { protocols: ['centrifuge-json'] }).opened();
    expect(client.socket.protocol).toBe('centrifuge-json');
  });

  it('closes with the code and the reason in the close frame', async () => {
    const { socketUrl, clock } = await startCentrifugeGateway({
      identify: () => undefined,
    });
    const stranger = await new RawClient(socketUrl).opened();
    stranger.say({ id: 1, connect: { token: 'wrong' } });
    expect(await stranger.closed).toEqual({ code: 3500, reason: 'invalid token' });
    const silent = await new RawClient(socketUrl).opened();
    clock.advance(15_000);
    expect(await silent.closed).toEqual({ code: 3502, reason: 'stale' });
  });

  it('knows a visitor by the token, a header field or the ticket', async () => {
    const seen: unknown[] = [];
    const { socketUrl } = await startCentrifugeGateway({
      identify: ({ headers, ticket, token }) => {
        seen.push([headers.authorization, ticket, token]);
        return undefined;
      },
    });
    const client = await new RawClient(`${socketUrl}?ticket=t1`, { headers: { authorization: 'Bearer k' } }).opened();
    client.say({ id: 1, connect: { token: 'token' } });
    await client.closed;
    expect(seen).toEqual([['Bearer k', 't1', 'token']]);
  });

  it('pings, and leaves a client that does not answer', async () => {
    const { socketUrl, clock } = await startCentrifugeGateway();
    const client = await connected(socketUrl);
    clock.advance(25_000);
    await client.until((message) => Object.keys(message).length === 0);
    client.say({});
    client.say({ id: 9, unsubscribe: { channel: 'x' } });
    await client.reply(9);
    clock.advance(25_000);
    clock.advance(10_000);
    expect(await client.closed).toEqual({ code: 3012, reason: 'no pong' });
    expect(clock.timers).toBe(0);
  });

  it('pings in the frames of WebSocket where it is asked to', async () => {
    const { socketUrl, clock } = await startCentrifugeGateway();
    const client = await new RawClient(`${socketUrl}?cf_ws_frame_ping_pong=true`).opened();
    client.say(CONNECT);
    expect((await client.reply(1)).connect).not.toHaveProperty('ping');
    const pinged = new Promise((resolve) => client.socket.once('ping', resolve));
    clock.advance(25_000);
    await pinged;
    expect(client.texts).toHaveLength(1);
  });

  it('tells every client 3001 when the server stops', async () => {
    const { socketUrl, stop } = await startCentrifugeGateway();
    const clients = [await connected(socketUrl), await new RawClient(socketUrl).opened()];
    const stopped = stop();
    for (const client of clients) expect(await client.closed).toEqual({ code: 3001, reason: 'shutdown' });
    await stopped;
  });

  it('answers a channel that cannot be looked up with a temporary error', async () => {
    const { socketUrl, channels, lines } = await startCentrifugeGateway();
    channels.set('c', new Error('the disk is away'));
    const client = await connected(socketUrl);
    client.say({ id: 2, subscribe: { channel: 'c' } });
    expect((await client.reply(2)).error).toMatchObject({ code: 100, temporary: true });
    expect(JSON.stringify(lines)).toContain('the disk is away');
  });

  it('stops watching logs when a client goes, or unsubscribes', async () => {
    const gateway = await startCentrifugeGateway();
    gateway.append('a', RUNNING);
    gateway.append('b', RUNNING);
    const client = await connected(gateway.socketUrl);
    client.say({ id: 2, subscribe: { channel: 'a' } }, { id: 3, subscribe: { channel: 'b' } });
    await client.reply(3);
    expect(gateway.watching()).toBe(2);
    client.say({ id: 4, unsubscribe: { channel: 'a' } });
    await client.reply(4);
    expect(gateway.watching()).toBe(1);
    gateway.append('a', textRecord('nobody hears'));
    client.socket.close();
    await client.closed;
    while (gateway.watching() > 0) await settled();
    expect(publicationsIn(client.messages)).toHaveLength(2);
  });

  it('is read on by a client that takes nothing for a while, and everything comes once', async () => {
    const { socketUrl, append, clock } = await startCentrifugeGateway();
    append('c', RUNNING);
    const client = await connected(socketUrl);
    client.say({ id: 2, subscribe: { channel: 'c' } });
    await client.reply(2);
    client.socket.pause();
    const text = 'x'.repeat(50_000);
    for (let at = 0; at < 400; at++) {
      append('c', textRecord(`${at};${text}`));
      if (at % 10 === 0) await settled();
    }
    append('c', DONE);
    // Less than what a client is given up for.
    clock.advance(11_000);
    client.socket.resume();
    await client.until(({ push }) => push?.unsubscribe);
    const told = publicationsIn(client.messages).map(({ data }) => data.message);
    expect(told.join('')).toBe(Array.from({ length: 400 }, (_, at) => `${at};${text}`).join(''));
  });

  it('is closed when a client takes nothing for a minute, and goes on where the client was', async () => {
    const { socketUrl, append, clock } = await startCentrifugeGateway();
    append('c', RUNNING);
    const client = await connected(socketUrl);
    client.say({ id: 2, subscribe: { channel: 'c' } });
    const { subscribe } = await client.reply(2);
    client.socket.pause();
    for (let at = 0; at < 400; at++) append('c', textRecord(`${at};`.padEnd(50_000, 'x')));
    for (let turns = 0; turns < 50; turns++) await settled();
    clock.advance(120_000);
    client.socket.resume();
    // 3008 where the close frame came through in time, 1006 where it did not.
    expect([3008, 1006]).toContain((await client.closed).code);
    const first = publicationsIn(client.messages);
    const again = await connected(socketUrl);
    const { offset } = first.at(-1) ?? {};
    again.say({ id: 2, subscribe: { channel: 'c', recover: true, offset, epoch: subscribe.epoch } });
    expect((await again.reply(2)).subscribe.recovered).toBe(true);
    append('c', DONE);
    await again.until(({ push }) => push?.unsubscribe);
    const numbers = [...first, ...publicationsIn(again.messages)].flatMap(({ data }) =>
      data.type === 'chunk' ? [...(data.message ?? '').matchAll(/(\d+);/g)].map(([, number]) => Number(number)) : [],
    );
    expect(first.length).toBeLessThan(400);
    expect(numbers).toEqual(Array.from({ length: 400 }, (_, at) => at));
  });
});

describe('/connection/uni_websocket', () => {
  it('tells what was asked for in the first message, in bare pushes', async () => {
    const { uniSocketUrl, append, logs, clock } = await startCentrifugeGateway();
    append('a', RUNNING, textRecord('1'));
    append('b', RUNNING);
    const client = await new RawClient(uniSocketUrl).opened();
    const recover = { recover: true, offset: 1, epoch: logs.epoch };
    client.say({ subs: { a: recover, b: {}, 'not-there': {} } });
    const { connect } = await client.until(({ connect }) => connect);
    expect(connect).toMatchObject({
      ping: 25,
      subs: {
        a: { recovered: true, offset: 1, publications: [{ data: { type: 'chunk', message: '1' }, offset: 2 }] },
        b: { publications: [{ offset: 1 }] },
      },
    });
    expect(Object.keys(connect.subs)).toEqual(['a', 'b']);
    append('b', textRecord('2'), DONE);
    await client.until(({ unsubscribe }) => unsubscribe);
    expect(client.messages.slice(1)).toEqual([
      { channel: 'b', pub: { data: { type: 'chunk', message: '2' }, offset: 2 } },
      { channel: 'b', pub: { data: { type: 'end', message: '' }, offset: 3 } },
      { channel: 'b', unsubscribe: { code: 2000, reason: 'server unsubscribe' } },
    ]);
    clock.advance(25_000);
    await client.until((message) => Object.keys(message).length === 0);
    client.say({ anything: true });
    append('a', textRecord('3'));
    await client.until(({ pub }) => pub?.offset === 3);
  });

  it('closes with 3501 for what is no request, and with 3500 for who is nobody', async () => {
    const { uniSocketUrl } = await startCentrifugeGateway({ identify: () => undefined });
    const wrong = await new RawClient(uniSocketUrl).opened();
    wrong.socket.send('x');
    expect((await wrong.closed).code).toBe(3501);
    const nobody = await new RawClient(uniSocketUrl).opened();
    nobody.say({});
    expect((await nobody.closed).code).toBe(3500);
  });

  it('is answered 400 where it is no handshake', async () => {
    const { url } = await startCentrifugeGateway();
    expect((await open(`${url}/connection/uni_websocket`)).status).toBe(400);
  });
});
