import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { bench, startFixture, startMock } from '../../support/bench-process.js';
import { atEnd, endAll } from '../../support/ending.js';
import { FakeUpstream } from '../../support/fake-upstream.js';

afterEach(endAll);

interface Told {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string; readonly exitCode: number };
}

describe('gollama bench ends', () => {
  it('with 0 where all gates hold, with a result that keeps to its schema', async () => {
    const mock = await startMock();
    const { code, result } = await bench(`${mock.url}/v1`, ['-n', '8', '--gate', 'ttft.p50<5s']);
    expect(code).toBe(0);
    expect(result).toMatchObject({
      complete: true,
      requests: { total: 8, successful: 8 },
      verdict: { status: 'pass', exit_code: 0 },
    });
    // Four to warm up.
    expect(mock.requests).toBe(12);
  });

  it('with 7 where a gate fails, whatever else is inconclusive', async () => {
    const mock = await startMock();
    const { code, result } = await bench(mock.url, ['-n', '8', '--gate', 'ttft.p99<1s', '--gate', 'ttft.p50<1us']);
    expect(code).toBe(7);
    expect(result.gates.map(({ status }) => status)).toEqual(['pass', 'inconclusive', 'fail']);
  });

  it('with 9 where a gate has too few samples', async () => {
    const mock = await startMock();
    const { code } = await bench(mock.url, ['-n', '8', '--gate', 'ttft.p99<1s']);
    expect(code).toBe(9);
  });

  it.each(['503', 'html', 'empty', 'json-answer'])('with 7 and no figures where every answer is: %s', async (name) => {
    const mock = await startFixture(name);
    const { code, result } = await bench(mock.url, ['-n', '4']);
    expect(code).toBe(7);
    expect(result.requests).toMatchObject({ successful: 0, failed: 4 });
    expect([result.latency_ms.ttft, result.latency_ms.e2e]).toEqual([null, null]);
    expect([result.throughput.request_rps, result.throughput.output_tps]).toEqual([null, null]);
  });

  it('with 7 where the server dies in the middle, and counts what was cut', async () => {
    const mock = await startMock({ tokensPerSecond: 50, diesAtRequest: 10 });
    const { code, result } = await bench(mock.url, ['-n', '12', '--warmup', '0']);
    expect(code).toBe(7);
    expect(result.complete).toBe(true);
    expect(result.requests.by_error.truncated).toBeGreaterThanOrEqual(1);
    expect(result.requests.failed + result.requests.successful).toBe(12);
  });

  it('with 9 where a gate asks for tokens that nobody counted', async () => {
    const mock = await startFixture('no-usage');
    const { code, result } = await bench(mock.url, ['-n', '4', '--gate', 'output_tps>1']);
    expect(result.tokens).toMatchObject({ estimated: true, completion: 8 });
    expect(code).toBe(9);
    const allowed = await bench(mock.url, ['-n', '4', '--gate', 'output_tps>1', '--allow-estimated-tokens']);
    expect(allowed.code).toBe(0);
  });

  it('with 6 where a server that lists its models to anybody wants a key for the rest', async () => {
    const upstream = await FakeUpstream.start({
      answer: (call) => call.answer(401, { error: { message: 'Invalid API Key' } }),
    });
    const { code, stdout } = await bench(upstream.url, ['-n', '400']);
    expect(code).toBe(6);
    expect((JSON.parse(stdout) as Told).error).toMatchObject({ code: 'unauthorized', exitCode: 6 });
    expect(upstream.count).toBe(4);
  });

  it.each([['--warmup=4'], ['--warmup=0']])(
    'with 5 where the server has no such model, also with %s',
    async (warmup) => {
      const upstream = await FakeUpstream.start({
        answer: (call) => call.answer(404, { error: { message: 'model "nope" not found' } }),
      });
      const { code, stdout } = await bench(upstream.url, ['-n', '4', '-m', 'nope', warmup]);
      expect(code).toBe(5);
      expect((JSON.parse(stdout) as Told).error.code).toBe('model_not_found');
    },
  );

  it.each([
    ['3 where nobody listens', 'http://127.0.0.1:1', [], 3, 'unreachable'],
    ['2 for a gate on a metric that there is not', 'http://127.0.0.1:1', ['--gate', 'tft.p95<1s'], 2, 'usage'],
    ['2 for a number of threads that is none', 'http://127.0.0.1:1', ['--workers', 'many'], 2, 'usage'],
    ['2 for a flag that there is not', 'http://127.0.0.1:1', ['--nope'], 2, 'usage'],
    ['2 for a baseline that is not there', 'http://127.0.0.1:1', ['--baseline', '/nope'], 2, 'usage'],
    ['127 for a command that is misspelt', 'comapre', ['base.json'], 127, 'usage'],
  ])('with %s, and tells it as JSON', async (_, url, args, exitCode, errorCode) => {
    const { code, stdout } = await bench(url, args);
    expect(code).toBe(exitCode);
    expect((JSON.parse(stdout) as Told).error).toMatchObject({
      code: errorCode,
      exitCode,
      message: expect.any(String),
      hint: expect.any(String),
    });
  });
});

describe('a hostile server', () => {
  it('neither steers the terminal nor invents tokens', async () => {
    const evil = 'x\u001b[31m\n::error::pwned';
    const chunk = {
      model: evil,
      choices: [{ delta: { content: 'hi' }, finish_reason: evil }],
      usage: { prompt_tokens: -5, completion_tokens: 1e300 },
    };
    const upstream = await FakeUpstream.start({
      models: [evil, 'good'],
      answer: ({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
      },
    });
    const { code, stderr, result } = await bench(upstream.url, ['-n', '4']);
    expect(code).toBe(0);
    expect(result.target).toMatchObject({ model: 'good', model_reported: 'x\ufffd[31m\ufffd::error::pwned' });
    expect(result.tokens).toMatchObject({ prompt: null, completion: 4, estimated: true });
    expect(stderr).not.toContain('\u001b[31m');
    expect(stderr).not.toMatch(/^\s*::/m);
  });
});

describe('a target', () => {
  it('is waited for until it is ready, and looked up with the headers of the run', async () => {
    const keys: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      keys.push(request.headers['x-key']?.toString());
      response.writeHead(keys.length < 3 ? 503 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(request.method === 'GET' ? { data: [{ id: 'late' }] } : { error: 'not today' }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    atEnd(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { code, result } = await bench(url, [
      '-n',
      '1',
      '--warmup',
      '0',
      '--wait-ready',
      '30s',
      '-H',
      'X-Key: secret',
    ]);
    expect(code).toBe(7);
    expect(result.target.model).toBe('late');
    expect(keys).toEqual(['secret', 'secret', 'secret', 'secret']);
  });

  it('that is a web page is unreachable, not a model without a name', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<!doctype html><title>Sign in</title>');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    atEnd(() => server.close());
    const { code, stdout } = await bench(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, []);
    expect(code).toBe(3);
    expect((JSON.parse(stdout) as Told).error.message).toContain('web page');
  });
});
