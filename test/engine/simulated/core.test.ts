import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/base/random.js';
import type { EngineCall } from '../../../src/engine/engine.js';
import { SimulatedCore, type SimulationOptions } from '../../../src/engine/simulated/core.js';
import type { Ending } from '../../../src/engine/simulated/ending.js';
import { parseFault } from '../../../src/engine/simulated/faults.js';
import { chatCall } from '../../conformance/engine.js';
import { ManualClock } from '../../support/manual-clock.js';
import { RecordingSink } from '../../support/recording-sink.js';

function make(options: Partial<SimulationOptions> = {}, healthHangs = false) {
  const clock = new ManualClock();
  const core = new SimulatedCore(
    { models: ['sim', 'other'], slots: 1, ttftMs: 100, tokenMs: 10, seed: 1, ...options },
    { clock, random: seededRandom(1), healthHangs },
  );
  const begin = (call: EngineCall) => {
    const sink = new RecordingSink();
    const controller = new AbortController();
    const outcome: { ending?: Ending } = {};
    void core.answer(call, sink, controller.signal).then((ending) => {
      outcome.ending = ending;
    });
    return { sink, outcome, abort: () => controller.abort() };
  };
  const run = async (call: EngineCall) => {
    const begun = begin(call);
    await clock.advanceAsync(60_000);
    return begun;
  };
  return { clock, core, begin, run };
}

const post = (path: string, body: object): EngineCall => ({
  method: 'POST',
  path,
  headers: {},
  body: Buffer.from(JSON.stringify(body)),
  stream: false,
});

interface Chat {
  model: string;
  choices: [{ finish_reason: string; message: { content: string } }];
  usage: { completion_tokens: number; prompt_tokens: number };
  timings: { prompt_ms: number; predicted_ms: number; predicted_per_second: number };
}

async function chat(body: object, options: Partial<SimulationOptions> = {}): Promise<Chat> {
  return (await make(options).run(chatCall({ stream: false, ...body }))).sink.json<Chat>();
}

describe('the text of a simulated answer', () => {
  it('is the same for the same request, and another one for another prompt, seed or engine seed', async () => {
    const text = async (body: object, options = {}) => (await chat(body, options)).choices[0].message.content;
    const first = await text({});
    expect(await text({})).toBe(first);
    expect(await text({ seed: 5 })).not.toBe(first);
    expect(await text({ messages: [{ role: 'user', content: 'Other' }] })).not.toBe(first);
    expect(await text({}, { seed: 2 })).not.toBe(first);
  });

  it('is the same streamed and whole', async () => {
    const { run } = make();
    const { sink } = await run(chatCall({ max_tokens: 30 }));
    const deltas = sink.events.slice(0, -1).map((event) => JSON.parse(event).choices[0]?.delta.content ?? '');
    expect(deltas.join('')).toBe((await chat({ max_tokens: 30 })).choices[0].message.content);
  });

  it('has as many tokens as asked for, 64 where nothing was asked, one where 0 was asked', async () => {
    const result = async (body: object) => {
      const { choices, usage } = await chat(body);
      return [usage.completion_tokens, choices[0].finish_reason];
    };
    expect(await result({ max_tokens: 9 })).toEqual([9, 'length']);
    expect(await result({ max_tokens: undefined, max_completion_tokens: 11 })).toEqual([11, 'length']);
    expect(await result({ max_tokens: undefined })).toEqual([64, 'stop']);
    expect(await result({ max_tokens: -1 })).toEqual([64, 'stop']);
    expect(await result({ max_tokens: 0 })).toEqual([1, 'length']);
  });

  it('ends in front of a stop word, also one that spans tokens', async () => {
    const full = (await chat({ max_tokens: 30 })).choices[0].message.content;
    const stop = full.slice(40, 52);
    const cut = await chat({ max_tokens: 30, stop: ['never there', stop] });
    expect(cut.choices[0].message.content).toBe(full.slice(0, full.indexOf(stop)));
    expect(cut.choices[0].finish_reason).toBe('stop');
  });

  it('never grows beyond the context', async () => {
    const { usage, choices } = await chat({ max_tokens: 500 }, { contextTokens: 50 });
    expect(usage.prompt_tokens + usage.completion_tokens).toBe(50);
    expect(choices[0].finish_reason).toBe('length');
  });

  it('names the model that was asked for where it has it, and its first one otherwise', async () => {
    expect((await chat({ model: 'other' })).model).toBe('other');
    expect((await chat({ model: 'who?' })).model).toBe('sim');
  });
});

describe('the pace of a simulated answer', () => {
  it('is told by its timings', async () => {
    const { timings } = await chat({ max_tokens: 11 });
    expect(timings).toMatchObject({ prompt_ms: 100, predicted_ms: 100, predicted_per_second: 100 });
  });

  it('counts the prompt where a prompt rate is set', async () => {
    const { timings, usage } = await chat({}, { promptTokensPerSecond: 100 });
    expect(timings.prompt_ms).toBe(100 + usage.prompt_tokens * 10);
  });

  it('gives others a turn where tokens take no time', async () => {
    const { begin, clock } = make({ slots: 2, ttftMs: 0, tokenMs: 0 });
    const long = begin(chatCall({ max_tokens: 20_000 }));
    const short = begin(chatCall({ max_tokens: 2 }));
    await clock.advanceAsync(0);
    expect(short.outcome.ending).toBe('complete');
    expect(long.outcome.ending).toBe('complete');
    expect(long.sink.chunks.length).toBeGreaterThan(20_000);
  });

  it('catches up after a pause', async () => {
    const { begin, clock } = make();
    const { sink } = begin(chatCall({ max_tokens: 50 }));
    sink.wantsMore = false;
    await clock.advanceAsync(400);
    expect(sink.chunks).toHaveLength(1);
    sink.wantsMore = true;
    sink.flow?.resume();
    expect(sink.chunks).toHaveLength(31);
  });
});

describe('the slots of a simulated engine', () => {
  it('serve first come first served, and give no head before a slot is free', async () => {
    const { begin, clock, core } = make();
    const calls = [1, 2, 3].map(() => begin(chatCall({ max_tokens: 1 })));
    await clock.advanceAsync(100);
    expect(calls.map((call) => call.sink.heads.length)).toEqual([1, 0, 0]);
    calls[1]?.abort();
    await clock.advanceAsync(100);
    expect(calls.map((call) => call.outcome.ending)).toEqual(['complete', 'cancelled', 'complete']);
    expect(core.busySlots).toBe(0);
  });

  it('stay busy under slot-stuck', async () => {
    const { begin, clock, core } = make();
    const call = begin(chatCall({ simulate_fault: 'slot-stuck' }));
    await clock.advanceAsync(110);
    call.abort();
    await clock.advanceAsync(0);
    expect(call.outcome.ending).toBe('stuck');
    expect(core.busySlots).toBe(1);
  });

  it('are those of another request under frees-other-slot', async () => {
    const { begin, clock, core } = make({ slots: 2 });
    const other = begin(chatCall({ max_tokens: 30 }));
    const faulty = begin(chatCall({ simulate_fault: 'frees-other-slot' }));
    await clock.advanceAsync(110);
    faulty.abort();
    await clock.advanceAsync(0);
    expect(faulty.outcome.ending).toBe('stuck');
    expect(core.busySlots).toBe(1);
    await clock.advanceAsync(1_000);
    expect(other.outcome.ending).toBe('complete');
    expect(core.busySlots).toBe(1);
  });

  it('are counted by /metrics, waiting requests too', async () => {
    const { begin, clock, run } = make();
    for (let call = 0; call < 3; call++) begin(chatCall({ max_tokens: 2 }));
    await clock.advanceAsync(10);
    const get: EngineCall = { method: 'GET', path: '/metrics', headers: {}, body: Buffer.alloc(0), stream: false };
    const during = begin(get);
    await clock.advanceAsync(0);
    expect(during.sink.text).toContain('llamacpp:requests_processing 1\n');
    expect(during.sink.text).toContain('llamacpp:requests_deferred 2\n');
    await clock.advanceAsync(1_000);
    expect((await run(get)).sink.text).toContain('llamacpp:tokens_predicted_total 6\n');
  });
});

describe('a fault of one request', () => {
  const faulty = async (fault: string, body: object = {}) => {
    const { run } = make();
    return run(chatCall({ simulate_fault: fault, max_tokens: 6, ...body }));
  };

  it('is asked for by a header too, and the header wins', async () => {
    const { run } = make();
    const call = { ...chatCall({ simulate_fault: 'html' }), headers: { 'x-simulate-fault': 'too-many' } };
    const { sink } = await run(call);
    expect(sink.status).toBe(429);
    expect(sink.heads[0]?.headers['retry-after']).toBe('1');
  });

  it('is refused by name when there is no such fault, or none that a request may ask for', async () => {
    for (const name of ['no-such', 'never-ready', 'cut@x']) {
      const { sink } = await faulty(name);
      expect(sink.status).toBe(400);
      expect(sink.text).toContain('split-utf8');
    }
  });

  it('is none where the request says so', async () => {
    const { run } = make({ faults: [{ name: 'html', rate: 1, atChunk: 3 }] });
    expect((await run(chatCall())).sink.text).toContain('<!doctype html>');
    expect((await run(chatCall({ simulate_fault: 'none' }))).sink.events.at(-1)).toBe('[DONE]');
  });

  it.each(['crash', 'kill'])('%s ends the engine after the chunk that it names', async (name) => {
    const { sink, outcome } = await faulty(`${name}@2`);
    expect(outcome.ending).toBe(name);
    expect(sink.events.filter((event) => event.includes('"content":"'))).toHaveLength(2);
    expect((await faulty(name, { stream: false })).sink.heads).toEqual([]);
  });

  it('reset ends before any head', async () => {
    const { sink, outcome } = await faulty('reset');
    expect(outcome.ending).toBe('reset');
    expect(sink.heads).toEqual([]);
  });

  it('cut ends inside an event', async () => {
    const { sink, outcome } = await faulty('cut');
    expect(outcome.ending).toBe('cut');
    expect(() => JSON.parse(sink.events.at(-1) ?? '')).toThrow();
  });

  it('cut promises more bytes of a whole answer than it sends', async () => {
    const { sink, outcome } = await faulty('cut', { stream: false });
    expect(outcome.ending).toBe('cut');
    expect(Number(sink.heads[0]?.headers['content-length'])).toBeGreaterThan(sink.bytes.length);
  });

  it('clean-eof ends well without a finish reason and without [DONE]', async () => {
    const { sink, outcome } = await faulty('clean-eof');
    expect(outcome.ending).toBe('complete');
    expect(sink.text).not.toContain('[DONE]');
    expect(sink.text).not.toContain('"finish_reason":"');
  });

  it.each([{ stream: true }, { stream: false }])(
    'stall sends a part and then nothing until the client leaves: %o',
    async (kind) => {
      const { begin, clock, core } = make();
      const call = begin(chatCall({ simulate_fault: 'stall', ...kind }));
      await clock.advanceAsync(3_600_000);
      expect(call.sink.bytes.length).toBeGreaterThan(0);
      expect(call.outcome.ending).toBeUndefined();
      call.abort();
      await clock.advanceAsync(0);
      expect(call.outcome.ending).toBe('cancelled');
      expect(core.busySlots).toBe(0);
    },
  );

  it('malformed breaks one event and goes on', async () => {
    const { sink } = await faulty('malformed');
    const broken = sink.events.slice(0, -1).filter((event) => !isJson(event));
    expect(broken).toHaveLength(1);
    expect(sink.events.filter((event) => event.includes('"content":"'))).toHaveLength(6);
    expect(sink.events.at(-1)).toBe('[DONE]');
    expect(isJson((await faulty('malformed', { stream: false })).sink.text)).toBe(false);
  });

  it('stream-error sends an error event and ends without [DONE]', async () => {
    const { sink } = await faulty('stream-error');
    expect(JSON.parse(sink.events.at(-1) ?? '')).toMatchObject({ error: { code: 500, type: 'server_error' } });
    expect((await faulty('stream-error', { stream: false })).sink.status).toBe(500);
  });

  it('no-done sends everything else', async () => {
    const { sink } = await faulty('no-done');
    expect(sink.text).toContain('"finish_reason":"length"');
    expect(sink.text).not.toContain('[DONE]');
  });

  it('one-byte writes bytes one by one', async () => {
    const { sink } = await faulty('one-byte');
    expect(sink.chunks.every((chunk) => chunk.length === 1)).toBe(true);
    expect(sink.events.at(-1)).toBe('[DONE]');
  });

  it('split-utf8 cuts characters apart between writes', async () => {
    const { sink } = await faulty('split-utf8');
    expect(sink.chunks.some((chunk) => chunk.toString('utf8').endsWith('\ufffd'))).toBe(true);
    expect(sink.text).not.toContain('\ufffd');
  });

  it('long-line sends a line of a MiB', async () => {
    const { sink } = await faulty('long-line');
    expect(Math.max(...sink.events.map((event) => event.length))).toBeGreaterThan(1024 * 1024);
    expect(sink.events.at(-1)).toBe('[DONE]');
  });

  it('crlf ends every line with CRLF', async () => {
    const { sink } = await faulty('crlf');
    expect(sink.text.replaceAll('\r\n', '')).not.toContain('\n');
  });

  it('strikes at the last chunk of an answer that is shorter than the chunk it names', async () => {
    expect((await faulty('cut@500')).outcome.ending).toBe('cut');
  });
});

describe('other paths of a simulated engine', () => {
  it('gives equal texts equal unit vectors, the same ones in both encodings', async () => {
    const { run } = make();
    const embed = async (body: object) => {
      const { sink } = await run(post('/v1/embeddings', body));
      return sink.json<{ data: { embedding: number[] | string }[] }>().data.map((entry) => entry.embedding);
    };
    const [one, two, again] = (await embed({ input: ['a stone', 'a river', 'a stone'] })) as number[][];
    expect(again).toEqual(one);
    expect(two).not.toEqual(one);
    expect(one).toHaveLength(64);
    expect(Math.hypot(...(one ?? []))).toBeCloseTo(1, 5);
    const [encoded] = (await embed({ input: 'a stone', encoding_format: 'base64' })) as string[];
    const bytes = Buffer.from(encoded ?? '', 'base64');
    expect(Array.from({ length: 64 }, (_, index) => bytes.readFloatLE(index * 4))).toEqual(one);
  });

  it('takes token numbers for embeddings', async () => {
    const { run } = make();
    const { sink } = await run(post('/v1/embeddings', { input: [[1, 2, 3], [4]] }));
    expect(sink.json()).toMatchObject({ usage: { prompt_tokens: 4 }, data: [{ index: 0 }, { index: 1 }] });
  });

  it('lets embeddings fail in the same ways', async () => {
    const { begin, clock } = make();
    const embed = (fault: string) => begin(post('/v1/embeddings', { input: 'a stone', simulate_fault: fault }));
    const calls = ['crash', 'cut', 'stall', 'too-many', 'one-byte'].map(embed);
    await clock.advanceAsync(1_000);
    const [crash, cut, stall] = calls;
    expect([crash?.outcome.ending, cut?.outcome.ending, stall?.outcome.ending]).toEqual(['crash', 'cut', undefined]);
    stall?.abort();
    await clock.advanceAsync(1_000);
    expect(stall?.outcome.ending).toBe('cancelled');
    expect(calls.map((call) => call.sink.status)).toEqual([undefined, 200, 200, 429, 200]);
  });

  it('gives a text back from its tokens', async () => {
    const { run } = make();
    const content = 'Hello the river,\n\nnaïve 東京 🦙\0!';
    const { sink } = await run(post('/tokenize', { content }));
    const back = await run(post('/detokenize', sink.json()));
    expect(back.sink.json()).toEqual({ content });
  });

  it('lets /health hang under health-hang while a request is worked on', async () => {
    const { begin, clock } = make({}, true);
    const health: EngineCall = { method: 'GET', path: '/health', headers: {}, body: Buffer.alloc(0), stream: false };
    begin(chatCall({ max_tokens: 2 }));
    const probe = begin(health);
    const left = begin(health);
    await clock.advanceAsync(50);
    expect(probe.sink.heads).toEqual([]);
    left.abort();
    await clock.advanceAsync(60);
    expect(left.outcome.ending).toBe('cancelled');
    expect(probe.sink.status).toBe(200);
  });
});

describe('a fault on the command line', () => {
  it.each([
    ['cut', { name: 'cut', rate: 1, atChunk: 3 }],
    ['cut=0.1', { name: 'cut', rate: 0.1, atChunk: 3 }],
    ['cut=.5', { name: 'cut', rate: 0.5, atChunk: 3 }],
    ['stall@10=0.25', { name: 'stall', rate: 0.25, atChunk: 10 }],
    ['nonsense', undefined],
    ['toString', undefined],
    ['cut=2', undefined],
    ['cut=-1', undefined],
    ['cut@', undefined],
    ['', undefined],
  ])('%s', (text, plan) => {
    expect(parseFault(text)).toEqual(plan);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
