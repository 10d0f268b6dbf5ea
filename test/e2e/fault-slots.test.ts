/**
 * Engines that keep a slot, give the wrong one back, do not tell their health while they work, or die although they are
 * not ours. The engines are processes; the gateway runs here, by a clock that is faster than theirs, because its patience
 * with slots is a minute long.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { findFreePort } from '../../src/engine/supervisor/port.js';
import type { EngineReport } from '../../src/protocol/status.js';
import { endAll } from '../support/ending.js';
import { eventually } from '../support/eventually.js';
import { GollamaProcess, RUN_JS } from '../support/gollama-process.js';
import { type Answer, begin, type Sending, send } from '../support/http.js';
import { makePlace } from '../support/place.js';
import { scaledClock } from '../support/scaled-clock.js';
import { startSimulate } from '../support/simulate-process.js';
import { type StartedApp, startApp } from '../support/start-app.js';

const TIMES_FASTER = 15;
const TOKEN_MS = 10;
const PACE = ['--ttft-ms', '2', '--token-ms', String(TOKEN_MS)];

afterAll(endAll);

interface Setup {
  readonly app: StartedApp;
  /** Where the engine itself answers. */
  readonly engineUrl: string;
  /** Of a server that is not ours: ends it, and starts it again at the same address. */
  readonly restart: (() => Promise<void>) | undefined;
}

async function supervised(fault: readonly string[] = []): Promise<Setup> {
  const place = makePlace();
  const bin = place.write('engine', `#!/bin/sh\nexec "${process.execPath}" "${RUN_JS}" simulate "$@"\n`, 0o755);
  const args = JSON.stringify([...PACE, ...fault]);
  // These times pass as much faster as the clock.
  const times = 'start_timeout: 600s, stop_timeout: 100s, restart_backoff: 1s';
  const yaml = `engines:\n  - {name: sim, kind: llama-server, bin: "${bin}", slots: 2, ${times}, args: ${args}}`;
  const app = await startApp(yaml, { place, clock: scaledClock(TIMES_FASTER) });
  await atRest(app);
  const ready = app.log.find(({ msg }) => msg === 'engine ready');
  return { app, engineUrl: String(ready?.baseUrl), restart: undefined };
}

async function remote(fault: readonly string[] = []): Promise<Setup> {
  const args = [...PACE, '--slots', '2', ...fault];
  let simulate = await startSimulate(args);
  const yaml = `engines:\n  - {name: sim, kind: openai, base_url: "${simulate.url}"}`;
  const app = await startApp(yaml, { clock: scaledClock(TIMES_FASTER) });
  const restart = async () => {
    simulate.process.kill();
    await simulate.process.ended;
    await seen(app, 'the server is away', ({ state }) => state === 'unreachable');
    simulate = await startSimulate(args, simulate.port);
  };
  await atRest(app);
  return { app, engineUrl: simulate.url, restart };
}

const KINDS = { supervised, remote };
type Kind = keyof typeof KINDS;
const BOTH: readonly Kind[] = ['supervised', 'remote'];
const EACH = BOTH.flatMap((kind) => [true, false].map((stream) => ({ kind, stream })));

function chat({ url }: StartedApp, id: string, options: { stream: boolean; fault?: string; tokens?: number }): Sending {
  const { stream, fault = 'none', tokens = 8 } = options;
  const messages = [{ role: 'user', content: 'hi' }];
  const headers = { 'x-simulate-fault': fault, 'x-request-id': id };
  return begin(`${url}/v1/chat/completions`, { headers, body: { stream, max_tokens: tokens, messages } });
}

async function whole(asked: Sending): Promise<void> {
  const answer = await asked.head;
  expect([await answer.ended, answer.status]).toEqual(['complete', 200]);
  expect(answer.text).toMatch(/\[DONE\]|"usage"/);
}

function seen(app: StartedApp, what: string, isIt: (engine: EngineReport) => boolean): Promise<EngineReport> {
  return eventually(what, () => app.status().engines.find(isIt));
}

function atRest(app: StartedApp): Promise<EngineReport> {
  const isQuiet = (engine: EngineReport) =>
    engine.state === 'ready' && engine.slots_busy + engine.slots_quarantined + engine.waiting === 0;
  return seen(app, 'every slot is free and nobody waits', isQuiet);
}

/** A dead server has no slots that could be stuck. To look for them for a minute would keep its clients waiting. */
function noSlotIsSearched({ log }: StartedApp): void {
  expect(log.filter(({ msg }) => msg.includes('stuck'))).toEqual([]);
}

/** How a request ended in the log; it must have ended once. */
async function outcome({ log }: StartedApp, id: string): Promise<unknown> {
  const ends = () => log.filter(({ request, outcome: end }) => request === id && end !== undefined);
  await eventually(`request ${id} ends in the log`, () => ends().length > 0);
  expect(ends()).toHaveLength(1);
  return ends()[0]?.outcome;
}

function lastError(answer: Answer): string {
  return JSON.parse(answer.events.at(-1) ?? answer.text).error.code;
}

/** Asks, and leaves as soon as the engine works on that and on nothing else than `others`. */
async function askAndLeave(
  { app, engineUrl }: Setup,
  id: string,
  options: { stream: boolean; fault: string; others: number },
): Promise<void> {
  const asked = chat(app, id, { ...options, tokens: 2000 });
  if (options.stream) await (await asked.head).until('data: ');
  await eventually('the engine works on it', async () => {
    const slots: { is_processing: boolean }[] = (await send(`${engineUrl}/slots`)).json();
    return slots.filter((slot) => slot.is_processing).length === options.others + 1;
  });
  asked.leave();
}

describe.concurrent('a slot that stays busy after its request was left', () => {
  test.each(EACH)('is taken out of use ($kind, stream: $stream)', async ({ kind, stream }) => {
    const setup = await KINDS[kind]();
    const { app, restart } = setup;
    await askAndLeave(setup, 'left', { stream, fault: 'slot-stuck', others: 0 });
    await whole(chat(app, 'other', { stream: true, tokens: 100 }));
    if (restart) {
      await seen(app, 'it is quarantined', ({ slots_quarantined }) => slots_quarantined === 1);
      await whole(chat(app, 'with-one-slot', { stream }));
      await restart();
    } else {
      await seen(app, 'the engine is restarted', ({ restarts }) => restarts === 1);
    }
    await atRest(app);
    expect(await outcome(app, 'left')).toBe('cancelled');
    await Promise.all([1, 2].map((at) => whole(chat(app, `after-${at}`, { stream }))));
    await atRest(app);
  });
});

describe.concurrent('an engine that frees the slot of another request', () => {
  test.each(EACH)('goes on answering that one and the next ($kind, stream: $stream)', async ({ kind, stream }) => {
    const setup = await KINDS[kind]();
    const { app } = setup;
    const other = chat(app, 'other', { stream: true, tokens: 100 });
    await (await other.head).until('data: ');
    await askAndLeave(setup, 'left', { stream, fault: 'frees-other-slot', others: 1 });
    await whole(other);
    expect(await outcome(app, 'left')).toBe('cancelled');
    await Promise.all([1, 2].map((at) => whole(chat(app, `after-${at}`, { stream }))));
    await atRest(app);
  });
});

describe.concurrent('an engine whose health page hangs while it works', () => {
  /** So many looks of the gateway, at most 10 s apart and patient for 5 s each, are missed meanwhile. */
  const tokens = (4 * 15_000) / TIMES_FASTER / TOKEN_MS;

  test.each(EACH)('is left to work ($kind, stream: $stream)', async ({ kind, stream }) => {
    const { app } = await KINDS[kind](['--fault', 'health-hang']);
    await whole(chat(app, 'long', { stream, tokens }));
    expect(await atRest(app)).toMatchObject({ restarts: 0, state: 'ready', last_error: null });
    expect(await outcome(app, 'long')).toBe('completed');
  });

  test.each(BOTH)('and that sends nothing is not killed either (%s)', async (kind) => {
    const { app } = await KINDS[kind](['--fault', 'health-hang']);
    const asked = chat(app, 'silent', { stream: true, fault: 'stall' });
    await (await asked.head).until('data: ');
    if (kind === 'supervised')
      await seen(app, 'it is marked', ({ last_error }) => /neither answers/.test(last_error ?? ''));
    asked.leave();
    expect(await outcome(app, 'silent')).toBe('cancelled');
    await seen(app, 'the mark is gone', ({ last_error }) => last_error === null);
    expect(await atRest(app)).toMatchObject({ restarts: 0 });
  });
});

describe.concurrent('a server that is not ours and dies', () => {
  test.each(['crash', 'kill'])(
    'in a stream (%s): its client is told at once, and it is used again when it is back',
    async (fault) => {
      const { app, restart } = await remote();
      const answer = await chat(app, 'stream', { stream: true, fault }).head;
      expect([await answer.ended, lastError(answer)]).toEqual(['complete', 'engine_error']);
      expect(await outcome(app, 'stream')).toBe('failed');
      noSlotIsSearched(app);
      await restart?.();
      await atRest(app);
      await whole(chat(app, 'after', { stream: true }));
    },
  );

  test.each(['crash', 'kill'])('in a JSON answer (%s): its client is told at once', async (fault) => {
    const { app, restart } = await remote();
    const answer = await chat(app, 'json', { stream: false, fault }).head;
    // Whether the second attempt was sent or not: a look at the server may have seen in between that it is gone.
    expect(await answer.ended).toBe('complete');
    expect(['502 engine_error', '503 engine_unavailable']).toContain(`${answer.status} ${lastError(answer)}`);
    expect(await outcome(app, 'json')).toBe('failed');
    noSlotIsSearched(app);
    await restart?.();
    await atRest(app);
    await whole(chat(app, 'after', { stream: false }));
  });
});

describe.concurrent('a server that is not ours and loads its model', () => {
  async function loading(fault: string): Promise<StartedApp> {
    const port = await findFreePort();
    GollamaProcess.start(['simulate', '--port', String(port), ...PACE, '--fault', fault]);
    const yaml = `
queue: {start_wait_timeout: ${fault === 'never-ready' ? 10 : 600}s}
engines:
  - {name: sim, kind: openai, base_url: "http://127.0.0.1:${port}"}
`;
    const app = await startApp(yaml, { clock: scaledClock(TIMES_FASTER) });
    await seen(app, 'it loads', ({ state }) => state === 'starting');
    return app;
  }

  test.each([true, false])('is waited for (stream: %s)', async (stream) => {
    const app = await loading('slow-ready');
    await whole(chat(app, 'early', { stream }));
    expect(await outcome(app, 'early')).toBe('completed');
  });

  test.each([true, false])('for ever is not waited for longer than was set (stream: %s)', async (stream) => {
    const app = await loading('never-ready');
    const answer = await chat(app, 'vain', { stream }).head;
    expect([await answer.ended, lastError(answer)]).toEqual(['complete', 'engine_unavailable']);
    expect(answer.status).toBe(stream ? 200 : 503);
    expect(await outcome(app, 'vain')).toBe('refused');
  });
});
