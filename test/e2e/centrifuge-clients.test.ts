/** The official Centrifuge clients, unmodified, against the face that speaks to them. */
import { Centrifuge } from 'centrifuge';
import { Centrifuge as Centrifuge4 } from 'centrifuge-4';
import { Centrifuge as Centrifuge57 } from 'centrifuge-5-7';
import { EventSource } from 'eventsource';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { seededRandom } from '../../src/base/random.js';
import { MemoryLogBook } from '../../src/stream/memory-log.js';
import { DONE, RUNNING, startCentrifugeGateway, textRecord, VISITOR } from '../support/centrifuge-gateway.js';
import { atEnd, endAll } from '../support/ending.js';
import { eventually } from '../support/eventually.js';
import { ManualClock } from '../support/manual-clock.js';
import { RoughLine } from '../support/rough-line.js';

afterEach(endAll);

const CLIENTS = { '5.8': Centrifuge, '5.7': Centrifuge57, '4.1': Centrifuge4 } as unknown as Record<
  string,
  typeof Centrifuge
>;
const TRANSPORTS = ['websocket', 'sse', 'http_stream'] as const;
const PAIRS = Object.keys(CLIENTS).flatMap((version) => TRANSPORTS.map((transport) => [version, transport] as const));

type Transport = (typeof TRANSPORTS)[number];

function clientOf(url: string, version: string, transports: readonly Transport[], token = ''): Centrifuge {
  const Client = CLIENTS[version] ?? Centrifuge;
  const endpoints = transports.map((transport) => ({
    transport,
    endpoint: `${transport === 'websocket' ? url.replace('http', 'ws') : url}/connection/${transport}`,
  }));
  const client = new Client(endpoints, {
    websocket: WebSocket,
    eventsource: EventSource,
    fetch: version === '5.8' ? globalThis.fetch : fetchThatAnswers,
    readableStream: globalThis.ReadableStream,
    emulationEndpoint: `${url}/emulation`,
    minReconnectDelay: 1,
    maxReconnectDelay: 20,
    token,
  });
  atEnd(() => client.disconnect());
  return client;
}

/** Clients up to 5.7 leave the failure of a request to `/emulation` to nobody, which ends a process of Node. */
async function fetchThatAnswers(url: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (!url.endsWith('/emulation')) throw error;
    return new Response(null, { status: 502 });
  }
}

interface Message {
  readonly type: string;
  readonly message?: string;
}

/** Follows a channel and keeps what it is told. */
function follow(client: Centrifuge, channel: string) {
  const told: Message[] = [];
  const waiting = new Set<() => void>();
  const tell = () => {
    for (const wake of waiting) wake();
    waiting.clear();
  };
  const subscription = client.newSubscription(channel);
  subscription.on('publication', ({ data }) => {
    told.push(data as Message);
    tell();
  });
  const recoveries: boolean[] = [];
  subscription.on('subscribed', ({ wasRecovering, recovered }) => {
    if (wasRecovering) recoveries.push(recovered);
    tell();
  });
  const ended = new Promise<{ code: number }>((resolve) => {
    subscription.on('unsubscribed', (context) => {
      resolve(context);
      tell();
    });
  });
  subscription.subscribe();
  const text = () => told.map(({ type, message }) => (type === 'chunk' ? message : '')).join('');
  const until = async (isIt: () => boolean) => {
    while (!isIt()) await new Promise<void>((resolve) => waiting.add(resolve));
  };
  return { subscription, told, recoveries, ended, text, until };
}

describe.each(PAIRS)('centrifuge %s by %s', (version, transport) => {
  it('is told all of an answer that began before it came, and that it has ended', async () => {
    const { url, append } = await startCentrifugeGateway({ clock: 'system' });
    append('chat:1', RUNNING, textRecord('Hel'));
    const client = clientOf(url, version, [transport]);
    const { told, ended, text, until } = follow(client, 'chat:1');
    client.connect();
    await until(() => text() === 'Hel');
    append('chat:1', textRecord('lo'), DONE);
    expect(await ended).toMatchObject({ code: 2000 });
    expect(told).toEqual([
      { type: 'start', message: '' },
      { type: 'chunk', message: 'Hel' },
      { type: 'chunk', message: 'lo' },
      { type: 'end', message: '' },
    ]);
  });

  it('loses nothing and gets nothing twice, however often its connections break', async () => {
    const { url, append } = await startCentrifugeGateway({ clock: 'system' });
    const line = await RoughLine.to(url);
    const client = clientOf(line.url, version, [transport]);
    append('chat:1', RUNNING);
    const { ended, text, told, until, recoveries } = follow(client, 'chat:1');
    client.connect();
    const random = seededRandom(7);
    let expected = '';
    for (let round = 0; round < 8; round++) {
      for (let count = Math.floor(random() * 120); count >= 0; count--) {
        const piece = `${round}.${count};`;
        expected += piece;
        append('chat:1', textRecord(piece));
        if (random() < 0.1) await new Promise((resolve) => setImmediate(resolve));
      }
      if (round % 2 === 0) await until(() => text() === expected);
      line.cut();
    }
    append('chat:1', DONE);
    expect(await ended).toMatchObject({ code: 2000 });
    expect(text()).toBe(expected);
    expect(told.filter(({ type }) => type !== 'chunk').map(({ type }) => type)).toEqual(['start', 'end']);
    expect(recoveries).not.toContain(false);
    expect(recoveries.length).toBeGreaterThan(2);
  });

  it('goes on after a restart of the server that kept the logs', async () => {
    const logs = new MemoryLogBook({ clock: new ManualClock(), retentionMs: 60_000 });
    const first = await startCentrifugeGateway({ logs, clock: 'system' });
    const line = await RoughLine.to(first.url);
    first.append('chat:1', RUNNING, textRecord('a'));
    const client = clientOf(line.url, version, [transport]);
    const { ended, told, text, until, recoveries } = follow(client, 'chat:1');
    client.connect();
    await until(() => text() === 'a');
    await first.stop();
    for (let at = 0; at < 20; at++) first.append('chat:1', textRecord(`${at}`));
    const second = await startCentrifugeGateway({ logs, clock: 'system' });
    line.redirect(second.url);
    line.cut();
    await until(() => text().endsWith('19'));
    second.append('chat:1', DONE);
    await ended;
    expect(text()).toBe(`a${Array.from({ length: 20 }, (_, at) => at).join('')}`);
    expect(told.map(({ type }) => type).filter((type) => type !== 'chunk')).toEqual(['start', 'end']);
    expect(recoveries).toEqual([true]);
  });

  it('reads every character, also where the network splits it', async () => {
    const { url, append } = await startCentrifugeGateway({ clock: 'system' });
    const line = await RoughLine.to(url);
    line.pieceBytes = 1;
    const text = '汉字，你好 🎉👩‍👩‍👧 éß';
    append('chat:1', RUNNING, textRecord(text));
    const client = clientOf(line.url, version, [transport]);
    const reader = follow(client, 'chat:1');
    client.connect();
    await reader.until(() => reader.text() === text);
    append('chat:1', textRecord(text), DONE);
    await reader.ended;
    expect(reader.text()).toBe(text + text);
  });

  it('is told which channels are not there, and what the history of one is', async () => {
    const { url, append } = await startCentrifugeGateway({ clock: 'system' });
    append('chat:1', RUNNING, textRecord('a'));
    const client = clientOf(url, version, [transport]);
    const missing = follow(client, 'nowhere');
    const there = follow(client, 'chat:1');
    client.connect();
    expect(await missing.ended).toMatchObject({ code: 102 });
    await there.until(() => there.text() === 'a');
    const { publications, offset } = await there.subscription.history({ limit: 10 });
    expect([publications.map((publication) => publication.offset), offset]).toEqual([[1, 2], 2]);
    await expect(client.rpc('x', {})).rejects.toMatchObject({ code: 108 });
    await expect(there.subscription.presence()).rejects.toMatchObject({ code: 108 });
  });

  it('stays away where its token is wrong, and comes in where it is right', async () => {
    const identify = ({ token }: { token: string | undefined }) => (token === 'right' ? VISITOR : undefined);
    const { url } = await startCentrifugeGateway({ clock: 'system', identify });
    const wrong = clientOf(url, version, [transport], 'wrong');
    const refused = new Promise<{ code: number }>((resolve) => wrong.on('disconnected', resolve));
    wrong.connect();
    expect(await refused).toMatchObject({ code: 3500, reason: 'invalid token' });
    const right = clientOf(url, version, [transport], 'right');
    right.connect();
    await right.ready();
    expect(right.state).toBe('connected');
  });

  it('unsubscribes, and goes on where it was when it subscribes again', async () => {
    const { url, append, watching } = await startCentrifugeGateway({ clock: 'system' });
    append('chat:1', RUNNING, textRecord('a'));
    const client = clientOf(url, version, [transport]);
    const { subscription, text, until, recoveries } = follow(client, 'chat:1');
    client.connect();
    await until(() => text() === 'a');
    subscription.unsubscribe();
    // Clients up to 5.7 hand on what was under way when they subscribe again, and again what they recover.
    await eventually('nobody follows', () => watching() === 0);
    append('chat:1', textRecord('b'));
    subscription.subscribe();
    await until(() => text() === 'ab');
    append('chat:1', textRecord('c'));
    await until(() => text() === 'abc');
    expect(recoveries).toEqual([true]);
  });
});

describe('a browser without the client', () => {
  it('follows uni_sse with its EventSource, over cuts, exactly once', async () => {
    const { url, append } = await startCentrifugeGateway({ clock: 'system' });
    const line = await RoughLine.to(url);
    append('c', RUNNING, textRecord('0;'));
    const asked = encodeURIComponent('{"subs":{"c":{}}}');
    const source = new EventSource(`${line.url}/connection/uni_sse?cf_connect=${asked}`);
    await followsOverCuts(source, line, append, (frame: UniFrame) => [
      ...(frame.connect?.subs?.c?.publications ?? []).map(({ data }) => data),
      ...(frame.pub ? [frame.pub.data] : []),
    ]);
  });

  it("follows the reference page's address with its EventSource, over cuts, exactly once", async () => {
    const { url, append } = await startCentrifugeGateway({ clock: 'system' });
    const line = await RoughLine.to(url);
    append('c', RUNNING, textRecord('0;'));
    const source = new EventSource(`${line.url}/connection/sse?channel=c`);
    await followsOverCuts(source, line, append, (message: Message) => [message]);
  });

  interface UniFrame {
    readonly connect?: { readonly subs?: { readonly c?: { readonly publications?: { data: Message }[] } } };
    readonly pub?: { readonly data: Message };
  }

  async function followsOverCuts<Told>(
    source: EventSource,
    line: RoughLine,
    append: (channel: string, record: ReturnType<typeof textRecord>) => void,
    messagesOf: (told: Told) => Message[],
  ): Promise<void> {
    atEnd(() => source.close());
    let text = '';
    let wake = () => {};
    source.onmessage = ({ data }) => {
      for (const { type, message } of messagesOf(JSON.parse(data) as Told)) if (type === 'chunk') text += message;
      wake();
    };
    let expected = '0;';
    for (let round = 1; round <= 3; round++) {
      while (text !== expected) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      line.cut();
      for (let at = 0; at < 5; at++) {
        append('c', textRecord(`${round}.${at};`));
        expected += `${round}.${at};`;
      }
    }
    while (text !== expected) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    expect(line.connections).toBeGreaterThan(2);
  }
});

describe('a client with several transports', () => {
  it('takes the next one where the first is refused', async () => {
    const { url, append } = await startCentrifugeGateway({ clock: 'system' });
    append('chat:1', RUNNING, textRecord('a'), DONE);
    const client = new Centrifuge(
      [
        { transport: 'websocket', endpoint: `${url.replace('http', 'ws')}/connection/websocket?format=protobuf` },
        { transport: 'sse', endpoint: `${url}/connection/sse` },
      ],
      {
        websocket: WebSocket,
        eventsource: EventSource,
        fetch: globalThis.fetch,
        emulationEndpoint: `${url}/emulation`,
      },
    );
    atEnd(() => client.disconnect());
    const { ended, text } = follow(client, 'chat:1');
    client.connect();
    await ended;
    expect(text()).toBe('a');
  });
});
