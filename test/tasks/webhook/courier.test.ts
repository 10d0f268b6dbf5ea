import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Arrivals } from '../../../src/queue/arrivals.js';
import { MemoryTaskStore } from '../../../src/tasks/memory-store.js';
import { encodeBody } from '../../../src/tasks/task-body.js';
import type { Delivery, TaskChange } from '../../../src/tasks/task-store.js';
import { type DeliveryStore, WebhookCourier, type WebhookCourierOptions } from '../../../src/tasks/webhook/courier.js';
import { sign, signingKey } from '../../../src/tasks/webhook/signature.js';
import { atEnd, endAll } from '../../support/ending.js';
import { FakeUpstream, type UpstreamCall } from '../../support/fake-upstream.js';
import { ManualClock } from '../../support/manual-clock.js';
import { recordingLogger } from '../../support/recording-logger.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

afterEach(endAll);

/** What the courier wrote into its store, one after the other. */
class Settlements {
  readonly all: (number | undefined)[] = [];
  readonly #waiting: ((atMs: number | undefined) => void)[] = [];

  add(atMs: number | undefined): void {
    this.all.push(atMs);
    this.#waiting.shift()?.(atMs);
  }

  next(): Promise<number | undefined> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

function watched(store: DeliveryStore, settlements: Settlements): DeliveryStore {
  return {
    onChange: (listener) => store.onChange(listener),
    nextDelivery: (except) => store.nextDelivery(except),
    async settleDelivery(number, retryAtMs) {
      await store.settleDelivery(number, retryAtMs);
      settlements.add(retryAtMs);
    },
  };
}

function courierOf(store: DeliveryStore, clock: ManualClock, options: Partial<WebhookCourierOptions> = {}) {
  const { logger, lines } = recordingLogger();
  const settlements = new Settlements();
  const courier = new WebhookCourier({
    store: watched(store, settlements),
    clock,
    random: () => 0,
    logger,
    secret: SECRET,
    allowHosts: ['127.0.0.1/32'],
    timeoutMs: 10_000,
    ...options,
  });
  atEnd(() => courier.stop());
  return { courier, lines, settlements };
}

async function memoryStore(clock: ManualClock): Promise<MemoryTaskStore> {
  const store = new MemoryTaskStore({ clock, arrivals: new Arrivals() });
  await store.start();
  atEnd(() => store.stop());
  return store;
}

async function submit(store: MemoryTaskStore, webhook: string | undefined): Promise<string> {
  const payload = { messages: [{ role: 'user', content: 'hello' }] };
  const submission = { type: 'chat', model: 'm', payload, options: null, ...(webhook ? { webhook } : {}) } as const;
  const [submitted] = await store.submit([
    {
      owner: 'me',
      type: 'chat',
      model: 'm',
      priority: 5,
      retriesMax: 3,
      dueAtMs: undefined,
      body: encodeBody(submission),
      givenId: undefined,
      idempotencyKey: undefined,
      notify: webhook !== undefined,
    },
  ]);
  return submitted!.task.id;
}

async function complete(store: MemoryTaskStore): Promise<void> {
  const claim = await store.claim('m', 'engine');
  await store.settle(claim!, { kind: 'completed', result: '{"done":true}' });
}

/** A task that has ended, its courier, and who is told. */
async function endedTask(options: Partial<WebhookCourierOptions> = {}) {
  const clock = new ManualClock();
  const store = await memoryStore(clock);
  const receiver = await FakeUpstream.start();
  const id = await submit(store, `${receiver.url}/hook?token=secret`);
  await complete(store);
  return { clock, store, receiver, id, ...courierOf(store, clock, options) };
}

/** The courier looks again: after its pause, or because it is time. */
async function answerNext(receiver: FakeUpstream, status: number, headers = {}): Promise<UpstreamCall> {
  const call = await receiver.next();
  call.answer(status, '', headers);
  return call;
}

describe('the courier of webhooks', () => {
  it('tells the end of a task, signed as Standard Webhooks has it', async () => {
    const { courier, clock, receiver, id, settlements } = await endedTask();
    const settled = settlements.next();
    await courier.start();
    const call = await answerNext(receiver, 204);
    expect(await settled).toBeUndefined();

    const timestampS = Math.floor(clock.epoch() / 1000);
    expect(call.request.url).toBe('/hook?token=secret');
    expect(call.header('content-type')).toEqual(['application/json']);
    const messageId = call.header('webhook-id').join();
    expect(messageId).toMatch(new RegExp(`^msg_${id}_[0-9a-z]+$`));
    expect(call.header('webhook-timestamp')).toEqual([String(timestampS)]);
    const signature = sign(signingKey(SECRET), messageId, timestampS, call.body.toString());
    expect(call.header('webhook-signature')).toEqual([signature]);
    expect(call.json).toMatchObject({
      type: 'task.completed',
      timestamp: new Date(clock.epoch()).toISOString(),
      data: { id, status: 'completed', type: 'chat', model: 'm', result: { done: true } },
    });
  });

  it('tells a failure without the addresses and paths that only admins see', async () => {
    const clock = new ManualClock();
    const store = await memoryStore(clock);
    const receiver = await FakeUpstream.start();
    await submit(store, receiver.url);
    const claim = await store.claim('m', 'e');
    if (!claim) throw new Error('no task is ready');
    await store.settle(claim, { kind: 'failed', error: 'no answer of http://10.0.0.5:8000 (/srv/m.gguf)' });
    const { courier } = courierOf(store, clock);
    await courier.start();
    const { json } = await answerNext(receiver, 200);
    expect(json).toMatchObject({ type: 'task.failed', data: { error: 'no answer of [address] ([path])' } });
  });

  it('sends no signature where there is no secret', async () => {
    const { courier, receiver } = await endedTask({ secret: undefined });
    await courier.start();
    const call = await answerNext(receiver, 200);
    expect(call.header('webhook-signature')).toEqual([]);
    expect(call.header('webhook-id')).toHaveLength(1);
  });

  it('is woken by the end of a task, however it ended, and by nothing else', async () => {
    const clock = new ManualClock();
    const store = await memoryStore(clock);
    const receiver = await FakeUpstream.start();
    const { courier, settlements } = courierOf(store, clock);
    await courier.start();
    await clock.advanceAsync(20);
    const id = await submit(store, receiver.url);
    await clock.advanceAsync(1000);
    expect(receiver.count).toBe(0);
    const settled = settlements.next();
    await store.cancel(id);
    expect((await answerNext(receiver, 200)).json).toMatchObject({ type: 'task.cancelled', data: { id } });
    await settled;
  });

  it('says nothing of tasks that asked for nothing', async () => {
    const clock = new ManualClock();
    const store = await memoryStore(clock);
    const { courier, settlements } = courierOf(store, clock);
    await courier.start();
    await submit(store, undefined);
    await complete(store);
    await clock.advanceAsync(1000);
    expect(settlements.all).toEqual([]);
  });

  it('tries again on the schedule under the same id with a new time, and then gives up with an error', async () => {
    const { courier, clock, receiver, id, lines, settlements } = await endedTask();
    const delaysS: number[] = [];
    const ids = new Set<string>();
    const times = new Set<string>();
    await courier.start();
    for (;;) {
      const settled = settlements.next();
      const call = await answerNext(receiver, 500);
      ids.add(call.header('webhook-id').join());
      times.add(call.header('webhook-timestamp').join());
      const atMs = await settled;
      if (atMs === undefined) break;
      delaysS.push((atMs - clock.epoch()) / 1000);
      await clock.advanceAsync(atMs - clock.epoch());
    }
    expect(delaysS).toEqual([5, 300, 1800, 7200, 18_000, 36_000, 36_000]);
    expect([...ids], 'one message').toEqual([expect.stringMatching(`^msg_${id}_`)]);
    expect(times.size).toBe(8);
    const last = lines.at(-1);
    expect(last).toMatchObject({ level: 'error', message: 'webhook given up', fields: { task: id, tries: 8 } });
    expect(JSON.stringify(lines)).not.toContain('token=secret');
  });

  it('gives up at 410, and does not follow redirects', async () => {
    const gone = await endedTask();
    const settled = gone.settlements.next();
    await gone.courier.start();
    await answerNext(gone.receiver, 410);
    expect(await settled).toBeUndefined();

    const moved = await endedTask();
    const putOff = moved.settlements.next();
    await moved.courier.start();
    await answerNext(moved.receiver, 307, { location: `${gone.receiver.url}/elsewhere` });
    expect(await putOff).toBe(moved.clock.epoch() + 5000);
    expect(gone.receiver.count).toBe(1);
  });

  it('waits for as long as the receiver asks', async () => {
    const { courier, clock, receiver, settlements } = await endedTask();
    const settled = settlements.next();
    await courier.start();
    await answerNext(receiver, 429, { 'retry-after': '120' });
    expect(await settled).toBe(clock.epoch() + 120_000);
    await clock.advanceAsync(119_900);
    expect(receiver.count).toBe(1);
    await clock.advanceAsync(100);
    await answerNext(receiver, 200);
  });

  it('cuts a receiver that does not answer in time, and tries again', async () => {
    const { courier, clock, receiver, lines, settlements } = await endedTask({ timeoutMs: 3000 });
    const settled = settlements.next();
    await courier.start();
    const call = await receiver.next();
    await clock.advanceAsync(3000);
    await call.abandoned;
    expect(await settled).toBe(clock.epoch() + 5000);
    expect(lines.at(-1)).toMatchObject({ level: 'warn', fields: { problem: 'no answer within 3000 ms' } });
  });

  it('reads 64 KiB of an answer at most', async () => {
    const { courier, receiver, settlements } = await endedTask();
    const settled = settlements.next();
    await courier.start();
    const { response, abandoned } = await receiver.next();
    response.writeHead(200);
    const pour = () => {
      while (response.write(Buffer.alloc(16_384)));
    };
    response.on('drain', pour);
    pour();
    await abandoned;
    expect(await settled).toBeUndefined();
  });

  it('tries again where nobody listens', async () => {
    const { courier, clock, receiver, lines, settlements } = await endedTask();
    await receiver.stop();
    const settled = settlements.next();
    await courier.start();
    expect(await settled).toBe(clock.epoch() + 5000);
    expect(lines.at(-1)?.fields.problem).toContain('ECONNREFUSED');
  });

  it('sends a message that was under way when it was stopped again after the next start', async () => {
    const { courier, receiver, settlements, store, clock } = await endedTask();
    await courier.start();
    const call = await receiver.next();
    await courier.stop();
    await courier.stop();
    await call.abandoned;
    expect(settlements.all).toEqual([]);
    expect(clock.timers).toBe(0);
    const next = courierOf(store, clock);
    await next.courier.start();
    const again = await answerNext(receiver, 200);
    expect(again.header('webhook-id')).toEqual(call.header('webhook-id'));
  });

  it('starts again after it was stopped', async () => {
    const { courier, receiver } = await endedTask();
    await courier.start();
    await courier.start();
    await receiver.next();
    await courier.stop();
    await courier.start();
    await answerNext(receiver, 200);
    expect(receiver.count).toBe(2);
  });
});

describe('a courier that is sent into the own network', () => {
  async function refused(url: string, addresses: readonly LookupAddress[], allowHosts: readonly string[]) {
    const clock = new ManualClock();
    const store = await memoryStore(clock);
    await submit(store, url);
    await complete(store);
    const parts = courierOf(store, clock, { allowHosts, resolve: (_host, done) => done(null, addresses) });
    const settled = parts.settlements.next();
    await parts.courier.start();
    return { retryAtMs: await settled, lines: parts.lines, clock };
  }

  /** Counts who connects. */
  async function trap() {
    const seen = { connections: 0 };
    const server = createServer((socket) => {
      seen.connections += 1;
      socket.destroy();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    atEnd(() => server.close());
    return { seen, port: (server.address() as AddressInfo).port };
  }

  it('sends nothing to an address in the URL that is not allowed (any more)', async () => {
    const { seen, port } = await trap();
    const { retryAtMs, lines } = await refused(`http://127.0.0.1:${port}/`, [], []);
    expect(retryAtMs).toBeUndefined();
    expect(lines.at(-1)).toMatchObject({ level: 'error', message: 'webhook given up' });
    expect(seen.connections).toBe(0);
  });

  it('does not connect to a name that stands for an address inside', async () => {
    const { seen, port } = await trap();
    const addresses = [{ address: '127.0.0.1', family: 4 }];
    const { retryAtMs, lines, clock } = await refused(`http://hooks.example.org:${port}/`, addresses, []);
    expect(retryAtMs).toBe(clock.epoch() + 5000);
    expect(lines.at(-1)?.fields.problem).toContain('hooks.example.org is 127.0.0.1: not on the public internet');
    expect(seen.connections).toBe(0);
  });

  it('connects to exactly the address that was checked', async () => {
    const receiver = await FakeUpstream.start();
    const clock = new ManualClock();
    const store = await memoryStore(clock);
    await submit(store, `http://hooks.example.org:${receiver.port}/`);
    await complete(store);
    let lookups = 0;
    const addresses = [
      { address: '10.255.255.1', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
    const { courier } = courierOf(store, clock, {
      resolve: (_host, done) => {
        lookups += 1;
        done(null, addresses);
      },
    });
    await courier.start();
    const call = await answerNext(receiver, 200);
    expect(call.header('host')).toEqual([`hooks.example.org:${receiver.port}`]);
    expect(lookups).toBe(1);
  });

  it('greets a receiver behind TLS by the name in the URL', async () => {
    const greeting = new Promise<Buffer>((resolve) => {
      const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', (bytes) => {
          resolve(bytes);
          socket.destroy();
        });
      });
      server.listen(0, '127.0.0.1');
      atEnd(() => server.close());
      server.once('listening', () => {
        const { port } = server.address() as AddressInfo;
        void refused(`https://hooks.example.org:${port}/`, [{ address: '127.0.0.1', family: 4 }], ['127.0.0.1']);
      });
    });
    expect((await greeting).toString('latin1')).toContain('hooks.example.org');
  });

  it('goes wherever a name leads that was listed', async () => {
    const receiver = await FakeUpstream.start();
    const clock = new ManualClock();
    const store = await memoryStore(clock);
    await submit(store, `http://hooks.internal:${receiver.port}/`);
    await complete(store);
    const { courier } = courierOf(store, clock, {
      allowHosts: ['hooks.internal'],
      resolve: (_host, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    await courier.start();
    await answerNext(receiver, 200);
  });
});

describe('a courier with much to do', () => {
  /** Deliveries without a life of tasks behind them. */
  class Deliveries implements DeliveryStore {
    readonly due = new Map<number, Delivery>();
    readonly listeners = new Set<(change: TaskChange) => void>();
    troubles = 0;
    looks = 0;

    async nextDelivery(except: ReadonlySet<number>) {
      this.looks += 1;
      if (this.troubles-- > 0) throw new Error('the disk is gone');
      const found = [...this.due].find(([number]) => !except.has(number));
      return found && { delivery: found[1], dueAtMs: 0 };
    }

    async settleDelivery(number: number) {
      if (this.troubles-- > 0) throw new Error('the disk is gone');
      this.due.delete(number);
    }

    onChange(listener: (change: TaskChange) => void) {
      this.listeners.add(listener);
      return () => this.listeners.delete(listener);
    }
  }

  async function deliveries(count: number, url: string): Promise<Deliveries> {
    const store = await memoryStore(new ManualClock());
    const result = new Deliveries();
    for (let number = 1; number <= count; number++) {
      const task = await store.get(await submit(store, url));
      result.due.set(number, { task: { ...task!, number, state: 'completed' }, failures: 0 });
    }
    return result;
  }

  it('sends four at once, and the next as soon as one has ended', async () => {
    const receiver = await FakeUpstream.start();
    const clock = new ManualClock();
    const store = await deliveries(6, receiver.url);
    await courierOf(store, clock).courier.start();
    const calls = [await receiver.next(), await receiver.next(), await receiver.next(), await receiver.next()];
    await clock.advanceAsync(1000);
    expect(receiver.count).toBe(4);
    calls[2]?.answer(200, '');
    await receiver.next();
    expect(receiver.count).toBe(5);
  });

  it('gives up what it cannot read, and goes on with the rest', async () => {
    const receiver = await FakeUpstream.start();
    const store = await deliveries(2, receiver.url);
    const first = store.due.get(1)!;
    store.due.set(1, { ...first, task: { ...first.task, body: '{"payl' } });
    const { courier, lines, settlements } = courierOf(store, new ManualClock());
    const settled = [settlements.next(), settlements.next()];
    await courier.start();
    await answerNext(receiver, 200);
    await Promise.all(settled);
    expect(lines.map(({ message }) => message)).toContain('webhook given up: the task cannot be read');
    expect([...store.due]).toEqual([]);
  });

  it('waits where its store does not answer, and does not send again what it could not write down', async () => {
    const receiver = await FakeUpstream.start();
    const clock = new ManualClock();
    const store = await deliveries(1, receiver.url);
    store.troubles = 1;
    const { courier, lines, settlements } = courierOf(store, clock);
    await courier.start();
    await clock.advanceAsync(5_020);
    const call = await receiver.next();
    store.troubles = 1;
    call.answer(200, '');
    await expect.poll(() => lines.at(-1)?.message).toBe('what came of a webhook could not be stored');
    const settled = settlements.next();
    await clock.advanceAsync(5_000);
    expect(await settled).toBeUndefined();
    expect(receiver.count).toBe(1);
    expect(lines.map(({ level }) => level)).not.toContain('error');
  });

  it('looks into its store a few times a second, however fast tasks end', async () => {
    const clock = new ManualClock();
    const store = await deliveries(0, 'http://127.0.0.1:1');
    await courierOf(store, clock).courier.start();
    for (let end = 0; end < 1000; end++) {
      for (const listener of store.listeners) listener({ move: 'completed' } as TaskChange);
      await clock.advanceAsync(0.1);
    }
    expect(store.looks).toBeGreaterThan(3);
    expect(store.looks).toBeLessThan(10);
  });
});
