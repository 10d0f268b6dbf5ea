/**
 * Engine processes that do not start, die, do not die, or leave something behind, under a gateway that supervises them.
 * The gateway and its engines are real processes.
 */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { identityOf, isGroupRunning } from '../../src/engine/supervisor/process-identity.js';
import type { ServerStatus } from '../../src/protocol/status.js';
import { endAll } from '../support/ending.js';
import { eventually } from '../support/eventually.js';
import { GatewayWatch } from '../support/gateway-watch.js';
import { GollamaProcess, RUN_JS } from '../support/gollama-process.js';
import { type Answer, begin, open, send } from '../support/http.js';
import { load } from '../support/load.js';
import { makePlace, type Place } from '../support/place.js';
import { startSimulate } from '../support/simulate-process.js';

/** Restarts at once, stops in little time; the rest as by default. */
function engine(name: string, bin: string, args: readonly string[], slots = 2): string {
  const all = JSON.stringify(['--ttft-ms', '2', '--token-ms', '1', ...args]);
  const times = 'start_timeout: 30s, stop_timeout: 1500ms, restart_backoff: 50ms';
  return `  - {name: ${name}, kind: llama-server, bin: "${bin}", models: [${name}], slots: ${slots}, ${times}, args: ${all}}`;
}

/** A program that passes for a llama-server. */
function simulation(place: Place): string {
  return place.write('engine', `#!/bin/sh\nexec "${process.execPath}" "${RUN_JS}" simulate "$@"\n`, 0o755);
}

function chat(url: string, model: string, options: { stream?: boolean; fault?: string; id?: string; tokens?: number }) {
  const { stream = false, fault = 'none', id, tokens = 8 } = options;
  const headers = { 'x-simulate-fault': fault, ...(id === undefined ? {} : { 'x-request-id': id }) };
  const messages = [{ role: 'user', content: 'hi' }];
  return begin(`${url}/v1/chat/completions`, { headers, body: { model, stream, max_tokens: tokens, messages } });
}

async function answered(url: string, model: string, stream: boolean): Promise<void> {
  const answer = await chat(url, model, { stream }).head;
  expect([await answer.ended, answer.status]).toEqual(['complete', 200]);
  expect(answer.text).toContain(stream ? '[DONE]' : '"usage"');
}

function lastError(answer: Answer): string {
  const text = answer.events.at(-1) ?? answer.text;
  return JSON.parse(text).error.code;
}

afterAll(endAll);

describe('under one gateway', () => {
  let watch: GatewayWatch;
  /** Sent before any engine was ready. */
  let early: Answer[];

  beforeAll(async () => {
    const place = makePlace();
    const bin = simulation(place);
    const gateway = GatewayWatch.begin(
      `
engines:
${engine('dies-crash', bin, [])}
${engine('dies-kill', bin, [])}
${engine('mended', bin, ['--token-ms', '20'])}
${engine('slow', bin, ['--fault', 'slow-ready'])}
${engine('exits', bin, ['--fault', 'exit-at-load'])}
${engine('deaf', bin, ['--fault', 'ignore-sigterm'])}
${engine('forks', bin, ['--fault', 'grandchild', '--fault', 'long-log-line'])}
`,
      { place },
    );
    const url = await gateway.listening();
    early = await Promise.all([true, false].map((stream) => chat(url, 'slow', { stream, id: `early-${stream}` }).head));
    watch = await GatewayWatch.over(gateway);
  }, 60_000);

  test.each([true, false])(
    'a request that comes before the engine is ready is answered (stream: %s)',
    async (stream) => {
      const answer = early[stream ? 0 : 1];
      expect(await answer?.ended).toBe('complete');
      expect(answer?.text).toContain(stream ? '[DONE]' : '"usage"');
      expect((await watch.end(`early-${stream}`)).outcome).toBe('completed');
    },
  );

  test.each([true, false])(
    'an engine that exits while it loads is told at once, with its reason (stream: %s)',
    async (stream) => {
      const answer = await chat(watch.url, 'exits', { stream, id: `exits-${stream}` }).head;
      await answer.ended;
      expect([answer.status, lastError(answer)]).toEqual([503, 'engine_unavailable']);
      expect(answer.text).toContain('the model file cannot be loaded');
      expect((await watch.end(`exits-${stream}`)).outcome).toBe('refused');
    },
  );

  test.each(['crash', 'kill'])(
    'a stream whose engine dies (%s) ends with an error, and the engine comes back',
    async (fault) => {
      const model = `dies-${fault}`;
      const answer = await chat(watch.url, model, { stream: true, fault, id: `${fault}-stream` }).head;
      expect(await answer.ended).toBe('complete');
      expect([answer.events.length > 3, lastError(answer)]).toEqual([true, 'engine_error']);
      expect((await watch.end(`${fault}-stream`)).outcome).toBe('failed');
      await answered(watch.url, model, true);
      await watch.atRest();
    },
  );

  test.each(['crash', 'kill'])(
    'a JSON answer at which every engine dies (%s) fails after the second one',
    async (fault) => {
      const model = `dies-${fault}`;
      const answer = await chat(watch.url, model, { fault, id: `${fault}-json` }).head;
      expect([await answer.ended, answer.status, lastError(answer)]).toEqual(['complete', 502, 'engine_error']);
      expect(await watch.end(`${fault}-json`)).toMatchObject({ outcome: 'failed', attempt: 2 });
      await answered(watch.url, model, false);
      await watch.atRest();
    },
  );

  test('a JSON answer whose engine dies once is whole, and has one record', async () => {
    const asked = chat(watch.url, 'mended', { id: 'mended', tokens: 40 });
    await watch.atWork(1);
    process.kill(await pidOf(watch.gateway, 'mended'), 'SIGKILL');
    const answer = await asked.head;
    expect([await answer.ended, answer.status]).toEqual(['complete', 200]);
    expect(answer.json()).toMatchObject({ usage: { completion_tokens: 40 } });
    expect(await watch.end('mended')).toMatchObject({ outcome: 'completed', attempt: 2 });
    await watch.atRest();
  });

  test.each([true, false])('an engine that wrote a very long line to its log answers (stream: %s)', (stream) =>
    answered(watch.url, 'forks', stream),
  );

  test('every request has ended once in the log, and nothing of them stays behind', async () => {
    const ids = watch.gateway.records.filter(({ outcome }) => outcome !== undefined).map(({ request }) => request);
    expect(ids.length).toBe(new Set(ids).size);
    // Supervised engines are looked at so often that their connections stay.
    await watch.backToIdle(6);
  });

  test('no process stays behind: not one that ignores SIGTERM, not one that an engine has begun', async () => {
    const { gateway } = watch;
    const groups = gateway.enginePids;
    expect(groups.length).toBeGreaterThan(8);
    expect(await gateway.stop()).toEqual({ code: 0, signal: null });
    expect(groups.filter(isGroupRunning)).toEqual([]);
  });
});

async function pidOf(gateway: GollamaProcess, name: string): Promise<number> {
  const isIt = ({ msg, engine: of }: { msg: string; engine?: unknown }) =>
    msg === 'engine process started' && of === name;
  return Number((await eventually(`engine ${name} runs`, () => gateway.records.findLast(isIt))).pid);
}

describe('an engine that never gets ready', () => {
  test.each([true, false])('is waited for as long as was set, no longer (stream: %s)', async (stream) => {
    const place = makePlace();
    const yaml = `
queue: {start_wait_timeout: 300ms}
engines:
${engine('never', simulation(place), ['--fault', 'never-ready'])}
`;
    const gateway = GatewayWatch.begin(yaml, { place });
    const answer = await chat(await gateway.listening(), 'never', { stream }).head;
    expect(await answer.ended).toBe('complete');
    expect([answer.status, lastError(answer)]).toEqual([stream ? 200 : 503, 'engine_unavailable']);
    const pid = await pidOf(gateway, 'never');
    expect(await gateway.stop()).toEqual({ code: 0, signal: null });
    expect(isGroupRunning(pid)).toBe(false);
  });
});

describe('two gateways', () => {
  test('cannot have the same port: the second one says so, starts nothing and ends', async () => {
    const place = makePlace();
    const bin = simulation(place);
    const first = GatewayWatch.begin(`engines:\n${engine('first', bin, [])}`, { place });
    await first.ready();
    const port = new URL(first.url).port;
    const config = place.write('second.yaml', `engines:\n${engine('second', bin, [])}`);
    const args = ['serve', '-c', config, '--port', port, '--log-level', 'debug'];
    const second = GollamaProcess.start(args, { place });
    expect((await second.ended).code).toBe(4);
    expect(second.words.join('\n')).toMatch(/in use by gollama/);
    expect(second.enginePids).toEqual([]);
    await answered(first.url, 'first', true);
    await first.stop();
  });
});

describe('a gateway that is killed with ten answers under way', () => {
  afterEach(endAll);

  test('breaks them off, and the next one ends its engine and nothing else', async () => {
    const place = makePlace();
    const bin = simulation(place);
    // Gateways may share a folder, but not their tasks.
    const tasks = (name: string) => `queue:\n  storage_path: ${name === 'next' ? 'killed' : name}-tasks\n`;
    const yaml = (name: string) => `${tasks(name)}engines:\n${engine(name, bin, ['--token-ms', '50'], 10)}`;
    const [killed, other, stranger] = await Promise.all([
      GatewayWatch.begin(yaml('killed'), { place, name: 'killed.yaml' }),
      GatewayWatch.begin(yaml('other'), { place, name: 'other.yaml' }),
      startSimulate(),
    ]);
    await Promise.all([killed.ready(), other.ready()]);
    const ofOther = await chat(other.url, 'other', { stream: true, tokens: 200 }).head;
    await ofOther.until('data: ');
    const streams = await Promise.all(
      Array.from({ length: 5 }, () => chat(killed.url, 'killed', { stream: true, tokens: 2000 }).head),
    );
    await Promise.all(streams.map((stream) => stream.until('data: ')));
    const whole = Array.from({ length: 5 }, () => chat(killed.url, 'killed', { tokens: 2000 }).head);
    await eventually('ten answers are under way', async () => {
      return load((await send(`${killed.url}/api/status`)).json() as ServerStatus).running === 10;
    });
    const orphan = await pidOf(killed, 'killed');
    const kept = await pidOf(other, 'other');

    killed.signal('SIGKILL');
    expect(await Promise.all(streams.map((stream) => stream.ended))).toEqual(Array(5).fill('cut'));
    const refusals = await Promise.allSettled(whole);
    expect(refusals.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
    await killed.ended;
    expect(identityOf(orphan)).toBeDefined();

    const next = GatewayWatch.begin(yaml('next'), { place, name: 'next.yaml' });
    await next.ready();
    expect(isGroupRunning(orphan)).toBe(false);
    expect([kept, stranger.process.pid].map((pid) => identityOf(pid) !== undefined)).toEqual([true, true]);
    await answered(next.url, 'next', true);
    ofOther.leave();
    await open(`${other.url}/healthz`);
  });
});
