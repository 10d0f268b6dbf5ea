import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { SlotStuckError } from '../../src/engine/engine.js';
import { LlamaServerEngine, type LlamaServerOptions } from '../../src/engine/llama-server.js';
import { findFreePort } from '../../src/engine/supervisor/port.js';
import { chatCall, describeEngine } from '../conformance/engine.js';
import { RecordingSink } from '../support/recording-sink.js';
import { scaledClock } from '../support/scaled-clock.js';
import { waitUntil } from '../support/wait-until.js';

const FAKE = fileURLToPath(new URL('../support/fake-engine.mjs', import.meta.url));
const SIMULATED = fileURLToPath(new URL('../support/simulated-llama-server.ts', import.meta.url));

let dataDir: string;
let engines: LlamaServerEngine[];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'gollama-llama-server-'));
  engines = [];
});
afterEach(async () => {
  await Promise.all(engines.map((engine) => engine.stop()));
  rmSync(dataDir, { recursive: true, force: true });
});

const OPTIONS: LlamaServerOptions = {
  name: 'fake',
  models: [],
  bin: FAKE,
  args: [],
  startTimeoutMs: 600_000,
  stopTimeoutMs: 10_000,
  restartBackoffMs: 100,
};

function makeEngine(options: Partial<LlamaServerOptions> = {}, env: NodeJS.ProcessEnv = {}, clock = scaledClock(20)) {
  const engine = new LlamaServerEngine(
    { ...OPTIONS, ...options },
    {
      clock,
      random: () => 0.5,
      logger: silentLogger,
      dataDir,
      cwd: process.cwd(),
      env: { ...process.env, ...env },
    },
  );
  engines.push(engine);
  return engine;
}

function begin(engine: LlamaServerEngine, call = chatCall({ max_tokens: undefined })) {
  const sink = new RecordingSink();
  const controller = new AbortController();
  const done = engine.forward(call, sink, controller.signal);
  const failure = done.then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  return { sink, done, failure, abort: () => controller.abort() };
}

const get = async <T>(engine: LlamaServerEngine, path: string) => {
  const call = begin(engine, { method: 'GET', path, headers: {}, body: Buffer.alloc(0), stream: false });
  await call.done;
  return call.sink.json<T>();
};

const until = (engine: LlamaServerEngine, isTrue: () => boolean) =>
  waitUntil((listener) => engine.onChange(listener), isTrue);
const isState = (engine: LlamaServerEngine, state: string) => until(engine, () => engine.status().state === state);

interface Seen {
  readonly headers: Record<string, string>;
  readonly body: Record<string, unknown>;
  readonly args: string[];
  readonly key?: string;
}

describeEngine(
  'LlamaServerEngine',
  async () => {
    const args = ['--import', 'tsx', SIMULATED];
    const engine = makeEngine({ bin: process.execPath, args }, {}, systemClock);
    const busySlots = async () => {
      if (engine.status().state !== 'ready') return 0;
      const slots = await get<{ is_processing: boolean }[]>(engine, '/slots');
      return slots.filter((slot) => slot.is_processing).length;
    };
    return { engine, until: (promise) => promise, busySlots };
  },
  { assemblesAnswers: true },
);

describe('LlamaServerEngine', () => {
  it('learns slots and models from the server, never from its arguments', async () => {
    const engine = makeEngine({ args: ['--slots', '3'], slots: 7 });
    await engine.start();
    expect(engine.status()).toMatchObject({ state: 'ready', slots: 3, models: ['fake', 'fake-alias'] });
  });

  it('prefers the models that it was told', async () => {
    const engine = makeEngine({ models: ['mine'] });
    await engine.start();
    expect(engine.status().models).toEqual(['mine']);
  });

  it('takes a server without a health page, that listens, for ready', async () => {
    const engine = makeEngine({ args: ['--no-health'] });
    await engine.start();
    expect(engine.status().state).toBe('ready');
  });

  it('hands its key over in the environment, and uses it', async () => {
    const engine = makeEngine({ apiKey: 'secret' });
    await engine.start();
    await begin(engine, chatCall()).done;
    const seen = await get<Seen>(engine, '/seen');
    expect(seen.key).toBe('secret');
    expect(seen.headers.authorization).toBe('Bearer secret');
    expect(seen.args.join(' ')).not.toContain('secret');
  });

  it('uses the key that the arguments or the environment give to the server', async () => {
    const byArgs = makeEngine({ args: ['--api-key', 'one,two'] });
    const byEnvironment = makeEngine({}, { LLAMA_API_KEY: 'three' });
    for (const [engine, key] of [
      [byArgs, 'one'],
      [byEnvironment, 'three'],
    ] as const) {
      await engine.start();
      await begin(engine, chatCall()).done;
      expect((await get<Seen>(engine, '/seen')).headers.authorization).toBe(`Bearer ${key}`);
    }
  });

  it('asks for a stream where a JSON answer is wanted, and never sends a conversation id', async () => {
    const engine = makeEngine();
    await engine.start();
    const call = chatCall({ stream: false, max_tokens: 2 });
    const { sink, done } = begin(engine, { ...call, headers: { ...call.headers, 'x-conversation-id': 'c1' } });
    await done;
    expect(sink.json()).toMatchObject({ choices: [{ message: { content: 'w0 w1 ' }, finish_reason: 'stop' }] });
    const seen = await get<Seen>(engine, '/seen');
    expect(seen.body.stream).toBe(true);
    expect(seen.headers).not.toHaveProperty('x-conversation-id');
  });

  it('listens where the base URL says', async () => {
    const port = await findFreePort();
    const engine = makeEngine({ baseUrl: `http://127.0.0.1:${port}/ignored` });
    await engine.start();
    await begin(engine, chatCall()).done;
    expect((await get<Seen>(engine, '/seen')).args).toEqual(['--host', '127.0.0.1', '--port', String(port)]);
  });

  it('does not take a stranger on its port for its own server', async () => {
    const stranger = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => stranger.once('listening', resolve));
    const address = stranger.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const engine = makeEngine({ baseUrl: `http://127.0.0.1:${port}` });
    await expect(engine.start()).rejects.toThrow(`port ${port} of 127.0.0.1 is taken by another process`);
    stranger.close();
  });

  it('refuses to start without its program or its model', async () => {
    await expect(makeEngine({ bin: '/nowhere/llama-server' }).start()).rejects.toMatchObject({ code: 'configuration' });
    writeFileSync(join(dataDir, 'other.gguf'), '');
    const engine = makeEngine({ modelPath: join(dataDir, 'missing.gguf') });
    await expect(engine.start()).rejects.toMatchObject({
      code: 'configuration',
      hint: 'that folder has other.gguf',
    });
    expect(engine.status().state).toBe('stopped');
  });

  it('refuses calls with the reason while it is down', async () => {
    const engine = makeEngine({ args: ['--fail', '1', '--say', 'llama: failed to load model'], keepTrying: true });
    await engine.start();
    const error = await begin(engine).failure;
    expect(error).toMatchObject({ code: 'engine_unavailable' });
    expect(error?.message).toContain('the model file cannot be loaded');
  });

  it('cuts the answer of a server that dies, and serves again after a while', async () => {
    const engine = makeEngine({ args: ['--slots', '2'] });
    await engine.start();
    const call = begin(engine);
    await call.sink.chunksSeen(1);
    const exit = begin(engine, { ...chatCall(), method: 'GET', path: '/exit?code=9', body: Buffer.alloc(0) });
    expect(await call.failure).toMatchObject({ code: 'engine_error' });
    await exit.failure;
    await isState(engine, 'backoff');
    expect(engine.status().problem).toContain('exit code 9');
    await isState(engine, 'ready');
    await begin(engine, chatCall()).done;
    expect(engine.status()).toMatchObject({ restarts: 1, problem: undefined });
  });

  it('leaves no note of its child when it has stopped', async () => {
    const engine = makeEngine();
    await engine.start();
    expect(readdirSync(join(dataDir, 'children'))).toHaveLength(1);
    await engine.stop();
    expect(readdirSync(join(dataDir, 'children'))).toEqual([]);
  });
});

describe('a slot that a cancelled call does not free', () => {
  it('is reported, and is free again after a recycle', async () => {
    const engine = makeEngine({ args: ['--stuck'] }, {}, scaledClock(60));
    await engine.start();
    const call = begin(engine);
    await call.sink.chunksSeen(1);
    call.abort();
    expect(await call.failure).toBeInstanceOf(SlotStuckError);
    engine.recycle('a slot is stuck');
    expect(engine.status()).toMatchObject({ state: 'starting', problem: 'restarting soon: a slot is stuck' });
    await isState(engine, 'ready');
    expect(engine.status().restarts).toBe(1);
    await begin(engine, chatCall()).done;
  });

  it('waits with the restart for the calls beside it, and takes no new ones', async () => {
    const engine = makeEngine({ args: ['--stuck', '--slots', '2'] }, {}, scaledClock(60));
    await engine.start();
    const beside = begin(engine);
    const stuck = begin(engine);
    await Promise.all([beside.sink.chunksSeen(1), stuck.sink.chunksSeen(1)]);
    stuck.abort();
    expect(await stuck.failure).toBeInstanceOf(SlotStuckError);
    engine.recycle('a slot is stuck');
    engine.recycle('a slot is stuck');
    expect(await begin(engine).failure).toMatchObject({ code: 'engine_unavailable' });
    expect(engine.status()).toMatchObject({ state: 'starting', restarts: 0 });
    beside.abort();
    await beside.failure;
    await isState(engine, 'ready');
    expect(engine.status().restarts).toBe(1);
  });

  it('that frees itself meanwhile spares the restart', async () => {
    const engine = makeEngine({ args: ['--slots', '2'] });
    await engine.start();
    const beside = begin(engine);
    await beside.sink.chunksSeen(1);
    engine.recycle('a slot is stuck');
    beside.abort();
    expect(await beside.failure).toMatchObject({ code: 'cancelled' });
    await isState(engine, 'ready');
    expect(engine.status().restarts).toBe(0);
  });

  it('does not hold up a stop', async () => {
    const engine = makeEngine({ args: ['--stuck'] }, {}, scaledClock(60));
    await engine.start();
    const call = begin(engine);
    await call.sink.chunksSeen(1);
    call.abort();
    await engine.stop();
    expect(await call.failure).toMatchObject({ code: 'cancelled' });
  });
});
