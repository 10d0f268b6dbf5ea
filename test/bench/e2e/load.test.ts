import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { bench, startFixture, startMock } from '../../support/bench-process.js';
import { endAll } from '../../support/ending.js';
import { FakeUpstream } from '../../support/fake-upstream.js';
import { gollama } from '../../support/gollama-process.js';
import { makePlace } from '../../support/place.js';
import { startSimulate } from '../../support/simulate-process.js';

afterEach(endAll);

/** Answers everything at once, and remembers what it was asked. */
async function listener() {
  const bodies: Record<string, unknown>[] = [];
  const upstream = await FakeUpstream.start({
    answer: (call) => {
      bodies.push(call.json);
      call.beginStream();
      call.say('hi');
      call.endStream();
    },
  });
  return { url: upstream.url, bodies };
}

function prompts(bodies: readonly Record<string, unknown>[]): string[] {
  return bodies.map(({ messages }) => JSON.stringify(messages));
}

describe('an open loop', () => {
  it('counts latency from when a request was due, not from when the server let it in', async () => {
    const mock = await startMock({ tokensPerSecond: null, ttftMs: 500, tokens: 1 });
    const args = ['--rate', '10', '--arrival', 'constant', '--max-in-flight', '1', '-n', '8', '--warmup', '0'];
    const { code, result } = await bench(mock.url, args);
    expect(code).toBe(0);
    // Request k is due at 100 k, and sent at 500 k at the earliest: 500 + 400 * 3.5 on average.
    expect(result.latency_ms.e2e?.mean).toBeGreaterThanOrEqual(1_890);
    expect(result.latency_ms.e2e?.mean).toBeLessThan(2_600);
    expect(result.latency_ms.client_queue?.mean).toBeGreaterThan(1_300);
    expect(result.load).toMatchObject({ mode: 'open', rate_rps: 10, in_flight_max: 1 });
  });

  it('starts requests for as long as it was told, at a rate that grows over the ramp', async () => {
    const mock = await startMock({ tokensPerSecond: null, ttftMs: 1, tokens: 1 });
    const args = ['--rate', '40', '--arrival', 'constant', '-d', '1s', '--ramp', '1s'];
    const { code, result } = await bench(mock.url, args);
    expect(code).toBe(0);
    // 40 * 1 s / 2, the first at 0.
    expect(result.requests.total).toBe(20);
  });
});

describe('what is sent', () => {
  it('differs from request to request, and the warm-up never asks what the run asks', async () => {
    const { url, bodies } = await listener();
    const { code } = await bench(url, ['-n', '6', '-c', '2', '--warmup', '3']);
    expect(code).toBe(0);
    const asked = prompts(bodies);
    expect(asked).toHaveLength(9);
    expect(new Set(asked).size).toBe(9);
    const firstWords = asked.map((text) => text.slice(text.indexOf('['), text.indexOf(']')));
    expect(new Set(firstWords).size).toBe(9);
  });

  it('is the same again from a saved workload, with the same hash, and a changed one is refused', async () => {
    const place = makePlace();
    const [first, second] = [await listener(), await listener()];
    const synthetic = ['--synthetic', 'in=20:5,out=8:3', '-n', '6', '--warmup', '0', '-c', '1'];
    const saved = await bench(first.url, [...synthetic, '--save-workload', 'work.jsonl'], { place });
    const replayed = await bench(second.url, ['--workload', 'work.jsonl', '--warmup', '0', '-c', '1'], { place });
    expect([saved.code, replayed.code]).toEqual([0, 0]);
    expect(second.bodies).toEqual(first.bodies);
    expect(replayed.result.workload.hash).toBe(saved.result.workload.hash);
    expect(replayed.result.requests.total).toBe(6);

    const text = readFileSync(join(place.cwd, 'work.jsonl'), 'utf8');
    place.write('work.jsonl', text.replace(/"max_tokens":\d+/, '"max_tokens":9999'));
    const refused = await bench(second.url, ['--workload', 'work.jsonl'], { place });
    expect(refused.code).toBe(2);
    expect(refused.stdout).toContain('was changed since it was saved');
  });

  it('is the same whatever the number of threads', async () => {
    const mock = await startMock();
    const place = makePlace();
    const args = ['-n', '40', '--records', 'records.jsonl'];
    const [one, two] = [await bench(mock.url, args), await bench(mock.url, [...args, '--workers', '2'], { place })];
    expect([one.code, two.code]).toEqual([0, 0]);
    expect(two.result.client.workers).toBe(2);
    expect(two.result.workload).toEqual(one.result.workload);
    expect(two.result.tokens.completion).toBe(one.result.tokens.completion);
    const ratio = (two.result.latency_ms.tpot?.p50 ?? 0) / (one.result.latency_ms.tpot?.p50 ?? 1);
    expect(ratio).toBeGreaterThan(0.67);
    expect(ratio).toBeLessThan(1.5);
    const lines = readFileSync(join(place.cwd, 'records.jsonl'), 'utf8').trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { i: number }).i).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 40 }, (_, index) => index),
    );
  });

  it('is asked once more without stream_options where the server does not know them', async () => {
    const mock = await startFixture('no-stream-options');
    const { code, result } = await bench(mock.url, ['-n', '3', '-c', '1', '--warmup', '0']);
    expect(code).toBe(0);
    expect(result.requests).toMatchObject({ successful: 3, retried_attempts: 1 });
    expect(mock.requests).toBe(4);
    expect(result.tokens.estimated).toBe(true);
  });

  it.each([
    ['single', 4, 20, 128, 'Introduce yourself briefly.'],
    ['high-load', 8, 50, 256, 'Introduce yourself briefly.'],
    ['long-text', 2, 10, 512, 'Write a detailed technical article about machine learning.'],
    ['low-latency', 10, 50, 32, 'Hello'],
    ['stress', 16, 100, 128, 'Introduce yourself briefly.'],
  ])('is what the reference sends in its profile %s', async (profile, concurrency, requests, maxTokens, prompt) => {
    const { url, bodies } = await listener();
    const { code, result } = await bench(url, ['--profile', profile, '--warmup', '0']);
    expect(code).toBe(0);
    expect(result.load.concurrency).toBe(concurrency);
    expect(bodies).toHaveLength(requests);
    expect(bodies[0]).toMatchObject({
      max_tokens: maxTokens,
      temperature: 0.2,
      messages: [
        { role: 'system', content: 'You are helpful.' },
        { role: 'user', content: expect.stringContaining(prompt) },
      ],
    });
  });
});

describe('the endpoints', () => {
  it.each([
    [['--endpoint', 'completions'], true],
    [['--endpoint', 'embeddings'], false],
    [['--no-stream'], false],
  ])('%j answer, with a time to the first token only where there is a stream', async (args, isStream) => {
    const mock = await startMock();
    const { code, result } = await bench(mock.url, ['-n', '4', ...args]);
    expect(code).toBe(0);
    expect(result.requests.successful).toBe(4);
    expect(result.latency_ms.e2e?.count).toBe(4);
    expect(result.latency_ms.ttft === null).toBe(!isStream);
  });
});

describe('a sweep', () => {
  it('makes a run for each concurrency, and stops behind the knee', async () => {
    const place = makePlace();
    // Two slots: four at once bring nothing more.
    const { url } = await startSimulate(['--slots', '2', '--ttft-ms', '20', '--token-ms', '5']);
    const args = ['--sweep', '1,2,4', '-n', '8', '--max-tokens', '8', '--csv', 'steps.csv'];
    const { code, stderr, result } = await bench(url, args, { place });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^ *4 +\d/m);
    expect(readFileSync(join(place.cwd, 'steps.csv'), 'utf8').trim().split('\n')).toHaveLength(4);
    // A machine with other work may show the knee one step later.
    expect([2, 4]).toContain(result.load.concurrency);
  });
});

describe('the steps of a sweep', () => {
  it('ask nothing that a step before has asked', async () => {
    const { url, bodies } = await listener();
    await bench(url, ['--sweep', '1,2', '-n', '4', '--warmup', '0']);
    expect(new Set(prompts(bodies)).size).toBe(8);
  });
});

describe('the report', () => {
  it('has every line of the reference under its own name, on standard output', async () => {
    const mock = await startMock();
    const { stdout, stderr, code } = await gollama(['bench', mock.url, '-n', '4', '--no-calibrate']);
    expect(code).toBe(0);
    for (const name of [
      ...['Service URL', 'Total Requests', 'Successful', 'Failed', 'Duration', 'Success Rate', 'Latency (ms)'],
      ...['Min', 'Avg', 'P50', 'P95', 'P99', 'Max', 'Throughput', 'Requests/sec', 'Total Tokens'],
      ...['Avg Tokens/Request', 'Avg Tokens/sec'],
    ]) {
      expect(stdout).toContain(name);
    }
    expect(stderr).toBe('');
  });

  it('is the same of a server that closes its connection behind every answer, as llama-server does', async () => {
    const { url } = await startSimulate(['--slots', '2']);
    const { code, result } = await bench(url, ['-n', '40', '-c', '2', '--max-tokens', '4']);
    expect(code).toBe(0);
    expect(result.requests).toMatchObject({ successful: 40, failed: 0, retried_attempts: 0 });
  });

  it('leaves standard output to the JSON, also of a bare --json before the address', async () => {
    const mock = await startMock();
    const { stdout, stderr } = await gollama(['bench', '--json', mock.url, '-n', '4', '--no-calibrate']);
    expect((JSON.parse(stdout) as { schema: string }).schema).toBe('gollama.bench/v1');
    expect(stderr).toContain('Service URL');
  });

  it('measures the server of $GOLLAMA_URL where no address is named', async () => {
    const mock = await startMock();
    const env = { GOLLAMA_URL: new URL(mock.url).host };
    const { stdout } = await gollama(['bench', '-n', '4', '--no-calibrate', '--json'], { env });
    expect(JSON.parse(stdout)).toMatchObject({ target: { url: mock.url } });
  });
});

describe('a client that is busy itself', () => {
  it('makes the run inconclusive with --strict-client', async () => {
    const place = makePlace();
    const busy = place.write(
      'busy.mjs',
      'const work = () => { const until = performance.now() + 15; while (performance.now() < until); setTimeout(work, 1).unref(); };\n' +
        'work();\n',
    );
    const mock = await startMock({ tokensPerSecond: 20, tokens: 8 });
    const env = { NODE_OPTIONS: `--import ${pathToFileURL(busy).href}` };
    const args = ['-n', '8', '--warmup', '0', '--strict-client'];
    const { code, result } = await bench(mock.url, args, { place, env });
    expect(code).toBe(9);
    expect(result.client.saturated).toBe(true);
    expect(result.verdict.reason).toContain('client saturated');
  });
});
