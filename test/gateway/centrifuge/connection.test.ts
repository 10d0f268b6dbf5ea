import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/base/random.js';
import { Connection, type Transport } from '../../../src/gateway/centrifuge/connection.js';
import type { FoundChannel } from '../../../src/gateway/centrifuge/look-up.js';
import type { Message } from '../../../src/gateway/centrifuge/machine.js';
import { ClientSession } from '../../../src/gateway/centrifuge/session.js';
import type { Disconnect } from '../../../src/protocol/channel.js';
import { MemoryLogBook } from '../../../src/stream/memory-log.js';
import { DONE, type Frame, publicationsIn, RUNNING, textRecord, VISITOR } from '../../support/centrifuge-gateway.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { recordingLogger } from '../../support/recording-logger.js';

/** A client that takes what it is sent when the test says so. */
class SlowTransport implements Transport {
  readonly frames: string[] = [];
  isBehind = false;
  pendingBytes = 0;
  closed: Disconnect | undefined;
  takesAll = true;

  send(messages: readonly Message[]): void {
    const frame = messages.map(({ text }) => text).join('\n');
    this.frames.push(frame);
    if (this.takesAll) return;
    this.isBehind = true;
    this.pendingBytes += frame.length;
  }

  close(disconnect: Disconnect): void {
    this.closed = disconnect;
  }

  get messages(): Frame[] {
    return this.frames.flatMap((frame) => frame.split('\n').map((line) => JSON.parse(line) as Frame));
  }
}

function rig() {
  const clock = new ManualClock();
  const logs = new MemoryLogBook({ clock, retentionMs: 60_000 });
  const { logger, lines } = recordingLogger();
  const transport = new SlowTransport();
  let closings = 0;
  const find = (logId: string): Promise<FoundChannel> => Promise.resolve({ logId });
  const session = new ClientSession({
    clientId: 'c1',
    random: seededRandom(1),
    authenticate: () => VISITOR,
    emulation: undefined,
    pings: true,
  });
  const connection = new Connection({ channels: { find }, logs, clock, logger }, transport, session, () => {
    closings += 1;
  });
  connection.begin();
  const say = (...commands: unknown[]) => connection.receive(commands.map((it) => JSON.stringify(it)).join('\n'));
  say({ id: 1, connect: {} });
  const subscribe = async (...channels: string[]) => {
    say(...channels.map((channel, at) => ({ id: at + 2, subscribe: { channel } })));
    await settled();
  };
  const take = async () => {
    transport.isBehind = false;
    transport.pendingBytes = 0;
    connection.drained();
    await settled();
  };
  return { clock, logs, lines, transport, connection, say, subscribe, take, closings: () => closings };
}

describe('a connection', () => {
  it('reads one step of a log, and the next when the client has taken it', async () => {
    const { logs, transport, subscribe, take } = rig();
    logs.append('c', RUNNING);
    await subscribe('c');
    transport.takesAll = false;
    const framesBefore = transport.frames.length;
    for (let at = 0; at < 2_000; at++) logs.append('c', textRecord(`${at};`));
    await settled();
    const seen: number[] = [];
    for (let step = 0; step < 8; step++) {
      seen.push(transport.frames.length - framesBefore);
      await take();
    }
    // The one record that was there first, and then 512 at once.
    expect(seen).toEqual([1, 2, 3, 4, 5, 5, 5, 5]);
    const told = publicationsIn(transport.messages).map(({ data }) => data.message);
    expect(told.join('')).toBe(Array.from({ length: 2_000 }, (_, at) => `${at};`).join(''));
  });

  it('costs the writer nothing while its client takes nothing, and misses nothing of it', async () => {
    const { logs, transport, subscribe, take } = rig();
    let watching = 0;
    const watch = logs.watch.bind(logs);
    logs.watch = (id, listener) => {
      const unwatch = watch(id, listener);
      watching += 1;
      return () => {
        watching -= 1;
        unwatch();
      };
    };
    for (const channel of ['a', 'b']) logs.append(channel, RUNNING);
    await subscribe('a', 'b');
    expect(watching).toBe(2);
    transport.takesAll = false;
    logs.append('a', textRecord('one '));
    await settled();
    expect(watching).toBe(0);
    logs.append('b', textRecord('two '));
    logs.append('a', textRecord('three'));
    await settled();
    transport.takesAll = true;
    await take();
    expect(watching).toBe(2);
    const told = publicationsIn(transport.messages).map(({ data }) => data.message);
    expect(told.filter((message) => message !== '').sort()).toEqual(['one ', 'three', 'two ']);
  });

  it('answers many subscriptions one after the other, as the client takes them', async () => {
    const { logs, transport, subscribe, take } = rig();
    for (const channel of ['a', 'b', 'c']) logs.append(channel, RUNNING);
    transport.takesAll = false;
    await subscribe('a', 'b', 'c');
    const replies = () => transport.messages.filter(({ subscribe }) => subscribe).map(({ id }) => id);
    expect(replies()).toEqual([2]);
    await take();
    expect(replies()).toEqual([2, 3]);
    await take();
    expect(replies()).toEqual([2, 3, 4]);
  });

  it('gives a client up with 3008 that takes nothing for a minute, and not one that takes a little', async () => {
    const { clock, logs, transport, subscribe, closings } = rig();
    logs.append('c', RUNNING);
    await subscribe('c');
    transport.takesAll = false;
    logs.append('c', textRecord('x'.repeat(1_000)));
    await settled();
    for (let minute = 0; minute < 3; minute++) {
      transport.pendingBytes -= 10;
      clock.advance(60_000);
      expect(transport.closed).toBeUndefined();
    }
    clock.advance(60_000);
    expect(transport.closed).toEqual({ code: 3008, reason: 'slow' });
    expect(closings()).toBe(1);
    expect(clock.timers).toBe(0);
  });

  it('gives a client up that asks on and on and takes no answers', () => {
    const { transport, say } = rig();
    transport.takesAll = false;
    transport.pendingBytes = 8 * 1024 * 1024;
    say({ id: 2, rpc: {} });
    expect(transport.closed).toBeUndefined();
    say({ id: 3, rpc: {} });
    expect(transport.closed?.code).toBe(3008);
  });

  it('closes with 3004 where a log cannot be read', async () => {
    const { logs, lines, transport, subscribe } = rig();
    logs.append('c', RUNNING);
    await subscribe('c');
    logs.held = () => undefined;
    logs.read = () => Promise.reject(new Error('the disk is away'));
    logs.append('c', textRecord('a'));
    await settled();
    expect(transport.closed).toEqual({ code: 3004, reason: 'internal server error' });
    expect(JSON.stringify(lines)).toContain('a channel could not be read');
  });

  it('sends the client to come again where a log ceases to be kept', async () => {
    const { logs, transport, subscribe } = rig();
    logs.append('c', RUNNING);
    await subscribe('c');
    logs.held = () => undefined;
    logs.read = () => Promise.resolve(undefined);
    logs.append('c', textRecord('a'));
    await settled();
    expect(transport.messages.at(-1)?.push?.unsubscribe).toEqual({ code: 2500, reason: 'insufficient state' });
  });

  it('reads what came while it looked for the channel', async () => {
    const { logs, transport, subscribe } = rig();
    logs.append('c', RUNNING);
    const read = logs.read.bind(logs);
    let reads = 0;
    logs.read = async (...asked) => {
      const entries = await read(...asked);
      reads += 1;
      // Behind the end of the log and the window: what is answered knows nothing of it.
      if (reads === 2) logs.append('c', DONE);
      return entries;
    };
    await subscribe('c');
    expect(publicationsIn(transport.messages).map(({ data }) => data.type)).toEqual(['start', 'end']);
    expect(transport.messages.find(({ id }) => id === 2)?.subscribe.publications).toHaveLength(1);
    expect(transport.messages.at(-1)?.push?.unsubscribe?.code).toBe(2000);
  });

  it('does nothing any more when its client has gone, also where it was reading', async () => {
    const { logs, clock, transport, connection, subscribe, closings } = rig();
    logs.append('c', RUNNING);
    await subscribe('c');
    const sent = transport.frames.length;
    const held = logs.held.bind(logs);
    logs.read = (...asked) => Promise.resolve(held(...asked));
    logs.held = () => undefined;
    logs.append('c', textRecord('a'));
    connection.closed();
    connection.closed();
    logs.append('c', textRecord('b'));
    await settled();
    expect(transport.frames).toHaveLength(sent);
    expect(transport.closed).toBeUndefined();
    expect([closings(), clock.timers]).toEqual([1, 0]);
  });
});
