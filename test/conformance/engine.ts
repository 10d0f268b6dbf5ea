/**
 * The contract of an engine as tests: every engine must pass them. What answers in the end is a simulated core with
 * two slots, in this process or behind HTTP, because only that one fails on demand.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine, EngineCall } from '../../src/engine/engine.js';
import { settled } from '../support/manual-clock.js';
import { RecordingSink } from '../support/recording-sink.js';

export interface EngineUnderTest {
  /** Not started; two slots; answers for the model `sim`. */
  readonly engine: Engine;
  /** Settles as `promise` does. Moves the engine's clock meanwhile, where that is not the real one. */
  until<T>(promise: Promise<T>): Promise<T>;
  /** Requests that the simulated core works on now. */
  busySlots(): number | Promise<number>;
  /** The request body that the engine last sent on, where that is known. */
  lastBody?(): Buffer | undefined;
  /** Ends what `setup` began, beside the engine itself. */
  close?(): Promise<void>;
}

export interface EngineTraits {
  /** The engine asks for a stream in place of a whole answer, and puts that together itself. */
  readonly assemblesAnswers?: boolean;
  /** The engine cannot find out how many slots it has: they stay 0. */
  readonly slotsUnknown?: boolean;
  /** The engine cannot know when the server behind it notices an abort: the slot is free soon, not at once. */
  readonly freesLater?: boolean;
}

/** More tokens than any test waits for. */
const ENDLESS = 30_000;

export function chatCall(body: Record<string, unknown> = {}): EngineCall {
  const whole = { model: 'sim', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 6, stream: true, ...body };
  return {
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(whole)),
    stream: whole.stream === true,
  };
}

const getCall = (path: string): EngineCall => ({
  method: 'GET',
  path,
  headers: {},
  body: Buffer.alloc(0),
  stream: false,
});

export function describeEngine(name: string, setup: () => Promise<EngineUnderTest>, traits: EngineTraits = {}): void {
  describe(`${name} keeps the contract of an engine`, () => {
    let subject: EngineUnderTest;
    let engine: Engine;

    beforeEach(async () => {
      subject = await setup();
      engine = subject.engine;
    });

    afterEach(async () => {
      await subject.until(engine.stop());
      await subject.close?.();
    });

    const start = () => subject.until(engine.start());
    const answer = async (call: EngineCall) => {
      const sink = new RecordingSink();
      await subject.until(engine.forward(call, sink, new AbortController().signal));
      return sink;
    };
    /** Begins a call and hands over everything a test may do with it. */
    const begin = (call: EngineCall) => {
      const sink = new RecordingSink();
      const controller = new AbortController();
      const done = engine.forward(call, sink, controller.signal);
      done.catch(() => undefined);
      return { sink, done, abort: () => controller.abort() };
    };
    const untilBusy = async (count: number) => {
      while ((await subject.busySlots()) !== count) await subject.until(settled());
    };
    const expectIdle = async () => {
      if (traits.freesLater) await untilBusy(0);
      expect(await subject.busySlots()).toBe(0);
    };
    const failure = async (promise: Promise<unknown>) => {
      const outcome = await subject.until(
        promise.then(
          () => undefined,
          (error: unknown) => error,
        ),
      );
      return outcome as { code?: string } | undefined;
    };

    describe('answers', () => {
      beforeEach(start);

      it('hands a stream on as it comes, from its head to [DONE]', async () => {
        const sink = await answer(chatCall({ max_tokens: 6 }));
        expect(sink.heads).toHaveLength(1);
        expect(sink.status).toBe(200);
        expect(sink.heads[0]?.headers['content-type']).toContain('text/event-stream');
        expect(sink.events.at(-1)).toBe('[DONE]');
        expect(sink.events.length).toBeGreaterThanOrEqual(8);
        expect(sink.chunks.length).toBeGreaterThan(1);
      });

      it('hands a whole answer on as one JSON body', async () => {
        const sink = await answer(chatCall({ stream: false, max_tokens: 6 }));
        expect(sink.status).toBe(200);
        expect(sink.heads[0]?.headers['content-type']).toContain('application/json');
        expect(Number(sink.heads[0]?.headers['content-length'])).toBe(sink.bytes.length);
        expect(sink.json()).toMatchObject({ object: 'chat.completion', usage: { completion_tokens: 6 } });
      });

      it('lets an error pass with its status and its own words', async () => {
        const sink = await answer(chatCall({ messages: undefined }));
        expect(sink.status).toBe(400);
        expect(sink.json()).toMatchObject({ error: { message: "'messages' is required" } });
        const later = await answer(chatCall({ simulate_fault: 'too-many' }));
        expect(later.status).toBe(429);
        expect(later.heads[0]?.headers['retry-after']).toBe('1');
      });

      it('takes other methods and paths too, with their query', async () => {
        expect((await answer(getCall('/v1/models?x=1'))).json()).toMatchObject({ object: 'list' });
        expect((await answer(getCall('/no/such/path'))).status).toBe(404);
      });

      it('answers for as many calls at once as it has slots', async () => {
        const sinks = await Promise.all([answer(chatCall()), answer(chatCall({ stream: false }))]);
        expect(sinks.map((sink) => sink.status)).toEqual([200, 200]);
      });

      it('leaves the bytes of a stream alone', async () => {
        const crlf = await answer(chatCall({ simulate_fault: 'crlf' }));
        expect(crlf.text).toContain('\r\n\r\n');
        expect(crlf.text.replaceAll('\r\n', '')).not.toContain('\n');
        expect((await answer(chatCall({ simulate_fault: 'malformed' }))).events).toContain(
          '{"choices":[{"finish_reason":null,"ind',
        );
        const wide = await answer(chatCall({ simulate_fault: 'split-utf8', max_tokens: 40 }));
        expect(wide.text).toMatch(/[^\x00-\x7f]/);
        expect(wide.text).not.toContain('\ufffd');
        expect((await answer(chatCall({ simulate_fault: 'no-done' }))).events).not.toContain('[DONE]');
        expect((await answer(chatCall({ simulate_fault: 'long-line' }))).bytes.length).toBeGreaterThan(1024 * 1024);
      });

      it('leaves the bytes of a request alone', async () => {
        if (!subject.lastBody) return;
        const body = Buffer.from(
          '{ "stream" :true,"seed":12345678901234567890,\n"messages":[{"role":"user","content":"é"}]}',
        );
        await answer({ ...chatCall(), body });
        expect(subject.lastBody()?.equals(body)).toBe(true);
      });
    });

    describe('aborts', () => {
      beforeEach(start);

      it.each([{ stream: true }, { stream: false }])(
        'settles with `cancelled` and frees the slot: %o',
        async (kind) => {
          const call = begin(chatCall({ ...kind, max_tokens: ENDLESS }));
          if (kind.stream) await subject.until(call.sink.chunksSeen(2));
          else await untilBusy(1);
          call.abort();
          expect(await failure(call.done)).toMatchObject({ code: 'cancelled' });
          const chunks = call.sink.chunks.length;
          await expectIdle();
          await answer(chatCall());
          expect(call.sink.chunks.length).toBe(chunks);
        },
      );

      it('does nothing for a call that was aborted before', async () => {
        const sink = new RecordingSink();
        const done = engine.forward(chatCall(), sink, AbortSignal.abort());
        expect(await failure(done)).toMatchObject({ code: 'cancelled' });
        expect(sink.heads).toEqual([]);
        await expectIdle();
      });

      it('leaves the call beside it running', async () => {
        const one = begin(chatCall({ max_tokens: ENDLESS }));
        const other = begin(chatCall({ max_tokens: 20 }));
        await subject.until(Promise.all([one.sink.chunksSeen(1), other.sink.chunksSeen(1)]));
        one.abort();
        await failure(one.done);
        await subject.until(other.done);
        expect(other.sink.events.at(-1)).toBe('[DONE]');
      });
    });

    it('pauses for a slow reader and loses nothing', async () => {
      await start();
      const call = begin(chatCall({ max_tokens: 60 }));
      call.sink.wantsMore = false;
      await subject.until(call.sink.chunksSeen(1));
      // Two other answers tell that time has passed; after the first, nothing is on its way any more.
      await answer(chatCall({ max_tokens: 10 }));
      const before = call.sink.chunks.length;
      await answer(chatCall({ max_tokens: 10 }));
      expect(call.sink.chunks.length).toBe(before);
      call.sink.wantsMore = true;
      call.sink.flow?.resume();
      await subject.until(call.done);
      const words = call.sink.events.filter((event) => event.includes('"content":"'));
      expect(words).toHaveLength(60);
      expect(call.sink.events.at(-1)).toBe('[DONE]');
    });

    describe('failures', () => {
      beforeEach(start);

      it('tells that an answer was cut', async () => {
        const call = begin(chatCall({ simulate_fault: 'cut' }));
        expect(await failure(call.done)).toMatchObject({ code: 'engine_error' });
        expect(call.sink.status).toBe(200);
        const whole = begin(chatCall({ stream: false, simulate_fault: 'cut' }));
        expect(await failure(whole.done)).toMatchObject({ code: 'engine_error' });
        if (traits.assemblesAnswers) expect(whole.sink.heads).toEqual([]);
      });

      it('gives nothing to the sink when the connection is reset before the head', async () => {
        const call = begin(chatCall({ simulate_fault: 'reset' }));
        expect(['engine_unavailable', 'engine_error']).toContain((await failure(call.done))?.code);
        expect(call.sink.heads).toEqual([]);
      });

      it('goes on after a failure', async () => {
        await failure(begin(chatCall({ simulate_fault: 'cut' })).done);
        expect((await answer(chatCall())).events.at(-1)).toBe('[DONE]');
      });
    });

    describe('lifetime', () => {
      it('refuses calls until it is started and after it is stopped', async () => {
        const early = begin(chatCall());
        expect(await failure(early.done)).toMatchObject({ code: 'engine_unavailable' });
        expect(early.sink.heads).toEqual([]);
        await start();
        await subject.until(engine.stop());
        expect(await failure(begin(chatCall()).done)).toMatchObject({ code: 'engine_unavailable' });
      });

      it('starts and stops any number of times', async () => {
        await subject.until(engine.stop());
        await subject.until(Promise.all([engine.start(), engine.start()]));
        await start();
        expect(engine.status().state).toBe('ready');
        await subject.until(Promise.all([engine.stop(), engine.stop()]));
        expect(engine.status().state).toBe('stopped');
        await start();
        expect((await answer(chatCall())).status).toBe(200);
      });

      it('tells what it is, and when that changes', async () => {
        const seen: string[] = [];
        const silence = engine.onChange(() => seen.push(engine.status().state));
        expect(engine.status().state).toBe('stopped');
        await start();
        const status = engine.status();
        expect(status).toMatchObject({ state: 'ready', restarts: 0, problem: undefined });
        expect(status.models).toContain('sim');
        if (!traits.slotsUnknown) expect(status.slots).toBe(2);
        expect(seen.at(-1)).toBe('ready');
        silence();
        await subject.until(engine.stop());
        expect(seen.at(-1)).toBe('ready');
      });

      it('ends the calls that still run when it stops', async () => {
        await start();
        const call = begin(chatCall({ max_tokens: ENDLESS }));
        await subject.until(call.sink.chunksSeen(2));
        await subject.until(engine.stop());
        expect(['engine_error', 'engine_unavailable']).toContain((await failure(call.done))?.code);
        await expectIdle();
      });
    });
  });
}
