/** Chat completions that are asked for again, on a real server with real connections. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { endAll } from '../../support/ending.js';
import { type Answer, begin, type Sending, send } from '../../support/http.js';
import { settled } from '../../support/manual-clock.js';
import type { ManualCall } from '../../support/manual-engine.js';
import {
  answerWith,
  beginAnswer,
  endAnswer,
  type ResponsesSetup,
  say,
  startResponses,
} from '../../support/responses-gateway.js';
import { apiKey } from '../../support/task-gateway.js';
import { refuse } from '../../support/task-rig.js';

afterEach(endAll);

const QUESTION = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const COMPLETION = { choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }] };

async function start(setup: ResponsesSetup = {}) {
  const gateway = await startResponses(setup);
  const { url, rig, clock, attachments } = gateway;
  const ask = (headers: Record<string, string>, members: object = {}): Sending =>
    begin(`${url}/v1/chat/completions`, { body: { ...QUESTION, ...members }, headers });
  const sent = (headers: Record<string, string>, members: object = {}): Promise<Answer> =>
    send(`${url}/v1/chat/completions`, { body: { ...QUESTION, ...members }, headers });
  /** Resolves when so many clients are there. */
  const clients = (count: number) =>
    vi.waitFor(() => expect(gateway.active.size).toBe(count), { interval: 1, timeout: 5_000 });
  /** The only client goes, and the gateway has noticed. */
  const leave = async (sending: Sending): Promise<void> => {
    await clients(1);
    sending.leave();
    await clients(0);
  };
  return { ...gateway, ask, sent, clients, leave, rig, clock, attachments };
}

function answerWhole(call: ManualCall): void {
  call.sink.head({ status: 200, headers: { 'content-type': 'application/json' } }, { resume: () => {} });
  call.sink.chunk(Buffer.from(JSON.stringify(COMPLETION)));
  call.end();
}

const KEY = { 'idempotency-key': 'k1' };
const FIRST = { 'x-stainless-retry-count': '0' };
const SECOND = { 'x-stainless-retry-count': '1' };

describe('requests with one Idempotency-Key', () => {
  it('at the same time are one call, whose bytes all of them get', async () => {
    const { ask, call, rig } = await start();
    const one = ask(KEY, { stream: true });
    const engineCall = await call();
    beginAnswer(engineCall);
    say(engineCall, { content: 'Hel' });
    const first = await one.head;
    await first.until('Hel');
    const second = await ask(KEY, { stream: true }).head;
    await second.until('Hel');
    say(engineCall, { content: 'lo' });
    endAnswer(engineCall);
    expect([await first.ended, await second.ended]).toEqual(['complete', 'complete']);
    expect(second.text).toBe(first.text);
    expect(first.text).toContain('[DONE]');
    expect(rig.calls).toHaveLength(1);
    expect(second.headers['x-gollama-joined']).toBe(first.headers['x-request-id']);
    expect(second.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
  });

  it('one after the other get the same answer, until its time is over', async () => {
    const { ask, sent, call, rig, clock, attachments } = await start();
    const one = ask(KEY);
    answerWhole(await call());
    const first = await one.head;
    await first.ended;
    const second = await sent(KEY);
    expect([second.status, second.text]).toEqual([200, first.text]);
    expect(second.headers['content-type']).toBe('application/json');
    expect(rig.calls).toHaveLength(1);
    clock.advance(10 * 60_000);
    expect(attachments.kept).toBe(0);
    const third = ask(KEY);
    answerWhole(await call(1));
    expect((await third.head).status).toBe(200);
  });

  it('outlive their clients for a minute, whatever those have got', async () => {
    const { ask, leave, call, clock, rig } = await start();
    const one = ask(KEY, { stream: true });
    const engineCall = await call();
    beginAnswer(engineCall);
    say(engineCall, { content: 'Hel' });
    await (await one.head).until('Hel');
    await leave(one);
    clock.advance(59_000);
    expect(engineCall.signal.aborted).toBe(false);
    const second = await ask(KEY, { stream: true }).head;
    say(engineCall, { content: 'lo' });
    endAnswer(engineCall);
    await second.ended;
    expect(second.text).toMatch(/Hel[\s\S]*lo[\s\S]*DONE/);
    expect(rig.calls).toHaveLength(1);
  });

  it('are cancelled and forgotten where nobody came back', async () => {
    const { ask, leave, call, clock } = await start();
    const one = ask(KEY);
    const engineCall = await call();
    await leave(one);
    clock.advance(60_000);
    expect(engineCall.signal.aborted).toBe(true);
    engineCall.fail(new Error('cancelled'));
    const again = ask(KEY);
    answerWhole(await call(1));
    expect((await again.head).status).toBe(200);
  });

  it('are refused where they ask for something else', async () => {
    const { ask, sent, call } = await start();
    const one = ask(KEY);
    answerWhole(await call());
    await (await one.head).ended;
    const other = await sent(KEY, { temperature: 0 });
    expect([other.status, other.error.param]).toEqual([400, 'Idempotency-Key']);
  });

  it('are answered anew after a failure', async () => {
    const { ask, call } = await start();
    const one = ask(KEY);
    await refuse(await call(), 400);
    expect((await one.head).status).toBe(400);
    await (await one.head).ended;
    await settled();
    const again = ask(KEY);
    answerWhole(await call(1));
    expect((await again.head).status).toBe(200);
  });

  it('of two API keys have nothing to do with each other', async () => {
    const { ask, call } = await start({ apiKeys: [apiKey('one'), apiKey('two')] });
    const one = ask({ ...KEY, authorization: 'Bearer sk-one' });
    answerWhole(await call());
    await (await one.head).ended;
    const other = ask({ ...KEY, authorization: 'Bearer sk-two' });
    answerWhole(await call(1));
    expect((await other.head).headers['x-gollama-joined']).toBeUndefined();
  });

  it('are answered anew where the answer is too large to be kept', async () => {
    const { ask, call } = await start({ attachments: { sizeBytesMax: 50 } });
    const one = ask(KEY, { stream: true });
    answerWith(await call(), 'a much longer answer than fits into fifty bytes');
    const first = await one.head;
    expect(await first.ended).toBe('complete');
    expect(first.text).toContain('[DONE]');
    const again = ask(KEY, { stream: true });
    answerWith(await call(1), 'x');
    expect(await (await again.head).ended).toBe('complete');
  });

  it('make the oldest go where there are too many', async () => {
    const { ask, call, attachments, rig } = await start({ attachments: { countMax: 2 } });
    for (const at of [0, 1, 2]) {
      const asked = ask({ 'idempotency-key': `k${at}` });
      answerWhole(await call(at));
      await (await asked.head).ended;
    }
    await settled();
    expect(attachments.kept).toBe(2);
    await (await ask({ 'idempotency-key': 'k2' }).head).ended;
    expect(rig.calls).toHaveLength(3);
  });
});

describe('a client that tries again', () => {
  it('takes over the answer of its first attempt, which goes on meanwhile', async () => {
    const { ask, leave, clients, call, clock, rig } = await start();
    const one = ask(FIRST);
    const engineCall = await call();
    clock.advance(300_000);
    await leave(one);
    clock.advance(500);
    const two = ask(SECOND);
    await clients(1);
    answerWhole(engineCall);
    const answer = await two.head;
    await answer.ended;
    expect(answer.json()).toEqual(COMPLETION);
    expect(answer.headers['x-gollama-joined']).toMatch(/^[\w-]{8,}$/);
    expect(rig.calls).toHaveLength(1);
  });

  it('gets what was completed before it came back, once', async () => {
    const { ask, leave, sent, call, clock, attachments } = await start();
    const one = ask(FIRST);
    const engineCall = await call();
    clock.advance(60_000);
    await leave(one);
    answerWhole(engineCall);
    await vi.waitFor(() => expect(attachments.kept).toBe(1), { interval: 1 });
    clock.advance(60_000);
    expect((await sent(SECOND)).json()).toEqual(COMPLETION);
    expect(attachments.kept).toBe(0);
    const third = ask(SECOND);
    answerWhole(await call(1));
    expect((await third.head).headers['x-gollama-joined']).toBeUndefined();
  });

  it('is waited for only as long as it would take', async () => {
    const { ask, leave, call, clock } = await start();
    const one = ask(FIRST);
    const engineCall = await call();
    clock.advance(60_000);
    await leave(one);
    clock.advance(1_999);
    expect(engineCall.signal.aborted).toBe(false);
    clock.advance(1);
    expect(engineCall.signal.aborted).toBe(true);
  });

  it('is not waited for where its call had only begun', async () => {
    const { ask, leave, call } = await start();
    const one = ask(FIRST);
    const engineCall = await call();
    await leave(one);
    expect(engineCall.signal.aborted).toBe(true);
  });

  it('is not waited for where it had a head', async () => {
    const { ask, leave, call, clock } = await start();
    const one = ask(FIRST, { stream: true });
    const engineCall = await call();
    clock.advance(10_000);
    beginAnswer(engineCall);
    say(engineCall, { content: 'Hel' });
    await (await one.head).until('Hel');
    await leave(one);
    expect(engineCall.signal.aborted).toBe(true);
  });

  it('with another body, or without a count, begins anew', async () => {
    const { ask, leave, call, clock } = await start();
    const one = ask(FIRST);
    const engineCall = await call();
    clock.advance(60_000);
    await leave(one);
    answerWhole(engineCall);
    const other = ask(SECOND, { temperature: 0 });
    answerWhole(await call(1));
    expect((await other.head).headers['x-gollama-joined']).toBeUndefined();
    const plain = ask({});
    answerWhole(await call(2));
    expect((await plain.head).headers['x-gollama-joined']).toBeUndefined();
  });

  it('and is lost again is waited for again', async () => {
    const { ask, leave, clients, call, clock, rig } = await start();
    const one = ask(FIRST);
    const engineCall = await call();
    clock.advance(60_000);
    await leave(one);
    const two = ask(SECOND);
    await leave(two);
    clock.advance(2_000);
    const three = ask({ 'x-stainless-retry-count': '2' });
    await clients(1);
    answerWhole(engineCall);
    expect((await three.head).headers['x-gollama-joined']).toMatch(/^[\w-]{8,}$/);
    expect(rig.calls).toHaveLength(1);
  });

  it('sees the end of its first attempt where that fails', async () => {
    const { ask, leave, clients, call, clock } = await start();
    const one = ask(FIRST);
    const engineCall = await call();
    clock.advance(60_000);
    await leave(one);
    const two = ask(SECOND);
    await clients(1);
    await refuse(engineCall, 400);
    expect((await two.head).status).toBe(400);
  });
});

describe('a server that stops', () => {
  it('ends what runs for nobody', async () => {
    const { ask, leave, call, attachments, stop } = await start();
    const one = ask(KEY);
    const engineCall = await call();
    await leave(one);
    expect(attachments.running).toBe(1);
    await stop();
    expect(engineCall.signal.aborted).toBe(true);
  });
});
