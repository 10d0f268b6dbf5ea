import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { OpenAiEngine, type OpenAiOptions } from '../../src/engine/openai.js';
import { chatCall } from '../conformance/engine.js';
import { atEnd, endAll } from '../support/ending.js';
import { ManualClock, settled } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { RecordingSink } from '../support/recording-sink.js';

afterEach(endAll);

type Page = [status: number, body: unknown] | 'silent';

/** A server whose pages the test writes; what it does not have is 404. */
class Remote {
  readonly pages = new Map<string, Page>([
    ['/health', [200, { status: 'ok' }]],
    ['/v1/models', [200, { object: 'list', data: [{ id: 'm1' }, { id: 'm2' }] }]],
    ['/v1/chat/completions', [200, {}]],
  ]);
  readonly asked: string[] = [];
  readonly silent: ServerResponse[] = [];
  readonly #server = createServer((request, response) => {
    const url = request.url ?? '';
    this.asked.push(url);
    const page = this.pages.get(url) ?? [404, { error: 'none' }];
    if (page === 'silent') {
      this.silent.push(response);
      return;
    }
    // Without idle connections there is no telling whether the client has noticed yet that they are closed.
    response.writeHead(page[0], { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify(page[1]));
  });
  port = 0;

  async listen(): Promise<void> {
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
    atEnd(() => this.goAway());
  }

  async goAway(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

async function make(options: Partial<OpenAiOptions> = {}, prepare: (remote: Remote) => void = () => {}) {
  const remote = new Remote();
  prepare(remote);
  await remote.listen();
  const clock = new ManualClock();
  const { logger, lines } = recordingLogger();
  const baseUrl = `http://127.0.0.1:${remote.port}/v1`;
  const engine = new OpenAiEngine(
    { name: 'r', baseUrl, apiKey: undefined, slots: undefined, ...options },
    { clock, logger },
  );
  atEnd(() => engine.stop());
  const changed = () =>
    new Promise<void>((resolve) => {
      const silence = engine.onChange(() => {
        silence();
        resolve();
      });
    });
  /** Moves time until the next look at the server has come to something. */
  const look = async (afterMs: number) => {
    const change = changed();
    await untilTimers(clock, 1);
    clock.advance(afterMs);
    await change;
  };
  return { remote, clock, engine, lines, look };
}

async function untilTimers(clock: ManualClock, count: number): Promise<void> {
  while (clock.timers !== count) await settled();
}

const send = (engine: OpenAiEngine) => engine.forward(chatCall(), new RecordingSink(), new AbortController().signal);

describe('the engine for an OpenAI-compatible server', () => {
  it('takes over the models of the server, and a few slots where it tells none', async () => {
    const { engine } = await make();
    await engine.start();
    expect(engine.status()).toEqual({
      state: 'ready',
      models: ['m1', 'm2'],
      slots: 8,
      restarts: 0,
      problem: undefined,
    });
    expect(engine.countsUnasked).toBe(false);
  });

  it('has as many slots as a llama-server tells, and the counts that such a one sends unasked', async () => {
    const { engine } = await make({}, ({ pages }) => pages.set('/props', [200, { total_slots: 3 }]));
    await engine.start();
    expect(engine.status().slots).toBe(3);
    expect(engine.countsUnasked).toBe(true);
  });

  it('tells the context of a slot, where the server does', async () => {
    const settings = { total_slots: 1, default_generation_settings: { n_ctx: 8192 } };
    const { engine } = await make({}, ({ pages }) => pages.set('/props', [200, settings]));
    expect(engine.status().contextTokens).toBeUndefined();
    await engine.start();
    expect(engine.status().contextTokens).toBe(8192);
  });

  it('has as many slots as it was told, whatever the server says', async () => {
    const { engine } = await make({ slots: 5 }, ({ pages }) => pages.set('/props', [200, { total_slots: 3 }]));
    await engine.start();
    expect(engine.status().slots).toBe(5);
  });

  it.each<[string, Page]>([
    ['no slots', [200, {}]],
    ['a wrong number', [200, { total_slots: 0 }]],
    ['no JSON', [200, 'hello']],
    ['null', [200, null]],
  ])('takes %s in /props for a server that does not tell', async (_what, props) => {
    const { engine } = await make({}, ({ pages }) => pages.set('/props', props));
    await engine.start();
    expect(engine.status().slots).toBe(8);
    expect(engine.countsUnasked).toBe(false);
  });

  it.each<[string, Page]>([
    ['a key that is missing', [401, { data: [{ id: 'x' }] }]],
    ['no list', [200, { data: {} }]],
    ['entries without a name', [200, { data: [null, {}, { id: 7 }] }]],
    ['null', [200, null]],
  ])('is ready without models where /v1/models has %s', async (_what, models) => {
    const { engine } = await make({}, ({ pages }) => pages.set('/v1/models', models));
    await engine.start();
    expect(engine.status()).toMatchObject({ state: 'ready', models: [] });
  });

  it('needs no health page', async () => {
    const { engine } = await make({}, ({ pages }) => pages.delete('/health'));
    await engine.start();
    expect(engine.status().state).toBe('ready');
  });

  it('starts although the server is away, and is ready when it comes', async () => {
    const { engine, remote, look } = await make();
    await remote.goAway();
    await engine.start();
    expect(engine.status()).toMatchObject({ state: 'unreachable', problem: expect.stringContaining('ECONNREFUSED') });
    await expect(send(engine)).rejects.toMatchObject({ code: 'engine_unavailable' });
    await remote.listen();
    await look(1_000);
    expect(engine.status()).toMatchObject({ state: 'ready', problem: undefined });
    await send(engine);
  });

  it('waits for a server that loads its model', async () => {
    const { engine, remote, look } = await make({}, ({ pages }) => pages.set('/health', [503, {}]));
    await engine.start();
    expect(engine.status()).toMatchObject({ state: 'starting', problem: 'loading its model' });
    remote.pages.set('/health', [200, {}]);
    await look(1_000);
    expect(engine.status().state).toBe('ready');
  });

  it('is unreachable behind a server that answers with errors', async () => {
    const { engine } = await make({}, ({ pages }) => pages.set('/health', [502, {}]));
    await engine.start();
    expect(engine.status()).toMatchObject({ state: 'unreachable', problem: expect.stringContaining('502') });
  });

  it('notices within 10 s that the server went away, and then that it is back', async () => {
    const { engine, remote, look, lines } = await make();
    await engine.start();
    await remote.goAway();
    await look(10_000);
    expect(engine.status().state).toBe('unreachable');
    expect(lines.map(({ level, message }) => [level, message])).toEqual([['warn', 'the server went away']]);
    await remote.listen();
    await look(1_000);
    expect(engine.status().state).toBe('ready');
  });

  it('notices at once that the server went away when a call cannot reach it', async () => {
    const { engine, remote } = await make();
    await engine.start();
    await remote.goAway();
    await expect(send(engine)).rejects.toMatchObject({ code: 'engine_unavailable' });
    expect(engine.status().state).toBe('unreachable');
  });

  it('stays ready while a server is only silent: it may be busy with a long prompt', async () => {
    const { engine, remote, clock } = await make();
    await engine.start();
    remote.pages.set('/health', 'silent');
    await untilTimers(clock, 1);
    clock.advance(10_000);
    while (remote.silent.length === 0) await settled();
    clock.advance(5_000);
    const looks = remote.asked.length;
    await untilTimers(clock, 1);
    expect(engine.status().state).toBe('ready');
    remote.pages.set('/health', [200, {}]);
    clock.advance(10_000);
    while (remote.asked.length < looks + 3) await settled();
    expect(engine.status().state).toBe('ready');
  });

  it('takes over other models and slots of the server', async () => {
    const { engine, remote, look } = await make();
    await engine.start();
    remote.pages.set('/v1/models', [200, { data: [{ id: 'new' }] }]);
    await look(10_000);
    expect(engine.status().models).toEqual(['new']);
  });

  it('looks at the server in one place, however often it is started', async () => {
    const { engine, clock, remote } = await make();
    await Promise.all([engine.start(), engine.start()]);
    await engine.start();
    expect(remote.asked.filter((url) => url === '/health')).toHaveLength(1);
    await untilTimers(clock, 1);
  });

  it('stops at once while it looks, and nothing goes on', async () => {
    const { engine, clock, remote } = await make({}, ({ pages }) => pages.set('/health', 'silent'));
    const states: string[] = [];
    engine.onChange(() => states.push(engine.status().state));
    const starting = engine.start();
    while (remote.silent.length === 0) await settled();
    await Promise.all([engine.stop(), engine.stop()]);
    await starting;
    expect(engine.status()).toMatchObject({ state: 'stopped', problem: undefined });
    expect(states).toEqual(['starting', 'stopped']);
    expect(clock.timers).toBe(0);
  });

  it('is started again when that is asked for while it stops', async () => {
    const { engine } = await make();
    await engine.start();
    const stopping = engine.stop();
    await engine.start();
    await stopping;
    expect(engine.status().state).toBe('ready');
    await send(engine);
  });

  it('uses a stuck slot again when the server shows that it is free', async () => {
    const { engine, remote, look } = await make({}, ({ pages }) => {
      pages.set('/props', [200, { total_slots: 1 }]).set('/slots', [200, [{ id: 0, is_processing: true }]]);
    });
    await engine.start();
    engine.recycle('a slot is stuck');
    const states: string[] = [];
    engine.onChange(() => states.push(engine.status().state));
    remote.pages.set('/slots', [200, [{ id: 0, is_processing: false }]]);
    await look(10_000);
    expect(states).toEqual(['starting', 'ready']);
  });

  it('cannot restart a server that is not ours, and says so', async () => {
    const { engine, lines } = await make();
    engine.recycle('a slot is stuck');
    expect(lines).toMatchObject([{ level: 'warn', fields: { reason: 'a slot is stuck' } }]);
  });
});
