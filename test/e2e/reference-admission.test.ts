/** Who may run when: requirements ADM-1 to ADM-3 of the reference gateway's contract. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { endAll } from '../support/ending.js';
import { chatCompletion } from '../support/fake-upstream.js';
import { type Answer, begin, open } from '../support/http.js';
import { load } from '../support/load.js';
import { ManualClock } from '../support/manual-clock.js';
import { puppet } from '../support/reference-setup.js';
import { CHAT, idle, QUESTION, relayedGateway, waiting } from '../support/relayed-gateway.js';
import { type AppSetup, startApp } from '../support/start-app.js';

afterEach(endAll);

const gateway = (queue = '', setup: AppSetup = {}) => relayedGateway(`queue: {max_concurrency: 1${queue}}`, setup);
const lastEvent = (answer: Answer) => JSON.parse(answer.events.at(-1) ?? '') as Record<string, unknown>;

describe('ADM-1: max_concurrency', () => {
  it('serves 20 staggered requests strictly in the order in which they came, streams as well', async () => {
    const { upstream, app, ask } = await gateway();
    const asked = [];
    for (let number = 0; number < 20; number += 1) {
      asked.push(ask({ number, stream: number % 2 === 1 }));
      await (number === 0 ? vi.waitFor(() => expect(upstream.count).toBe(1)) : waiting(app, number));
    }
    for (let number = 0; number < 20; number += 1) {
      const call = await upstream.next();
      expect(call.json.number).toBe(number);
      expect(upstream.count).toBe(number + 1);
      if (number % 2 === 0) call.answer(200, chatCompletion('ok'));
      else {
        call.beginStream();
        call.endStream();
      }
      await (await asked[number]!.head).ended;
    }
    await idle(app);
  });

  it('lets a stream hold its slot until its end', async () => {
    const { upstream, app, ask } = await gateway();
    const stream = ask({ stream: true });
    const first = await upstream.next();
    first.beginStream();
    const answer = await stream.head;
    const second = ask();
    await waiting(app, 1);
    for (const word of ['a', 'b', 'c']) {
      first.say(word);
      await answer.until(`"${word}"`);
    }
    expect([upstream.count, app.status().waiting_interactive]).toEqual([1, 1]);
    first.endStream();
    await answer.ended;
    (await upstream.next()).answer(200, chatCompletion('now'));
    expect((await second.head).status).toBe(200);
  });

  it('lets as many run at once as it says', async () => {
    const { place, yaml, upstream } = await puppet({}, { slots: 4 });
    const app = await startApp(yaml.replace(/.*ready_pattern.*\n/, ''), { place });
    const asked = [1, 2, 3].map((number) => open(app.url + CHAT, { body: { ...QUESTION, number } }));
    const calls = [await upstream.next(), await upstream.next()];
    await waiting(app, 1);
    expect([upstream.count, load(app.status()).running]).toEqual([2, 2]);
    for (const call of [...calls]) call.answer(400, { error: { message: 'enough' } });
    (await upstream.next()).answer(400, { error: { message: 'enough' } });
    for (const answer of await Promise.all(asked)) expect(answer.status).toBe(400);
  });
});

describe('ADM-2: wait_timeout', () => {
  it('ends the wait of a JSON request with 429 "queue timeout" and a Retry-After of at most 60 s', async () => {
    const clock = new ManualClock();
    const { upstream, app, ask } = await gateway(', wait_timeout: 60s', { clock });
    void ask().head;
    await upstream.next();
    const second = ask();
    await waiting(app, 1);
    clock.advance(59_999);
    expect(app.status().waiting_interactive).toBe(1);
    clock.advance(1);
    const answer = await second.head;
    await answer.ended;
    expect(answer.status).toBe(429);
    expect(answer.error).toEqual({
      message: 'queue timeout',
      type: 'rate_limit_error',
      param: null,
      code: 'queue_timeout',
    });
    const retryAfterS = Number(answer.headers['retry-after']);
    expect(Number.isInteger(retryAfterS) && retryAfterS >= 1 && retryAfterS <= 60).toBe(true);
    expect(upstream.count).toBe(1);
  });

  it('gives a stream that waits its head and a comment at once, and then the timeout as an event', async () => {
    const clock = new ManualClock();
    const { upstream, ask } = await gateway(', wait_timeout: 60s', { clock });
    void ask().head;
    await upstream.next();
    const answer = await ask({ stream: true }).head;
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/event-stream');
    await answer.until(': queued position=1\n');
    clock.advance(15_000);
    await answer.until(': queued position=1\n: queued position=1\n');
    clock.advance(45_000);
    expect(await answer.ended).toBe('complete');
    expect(lastEvent(answer)).toMatchObject({ error: { message: 'queue timeout', code: 'queue_timeout' } });
    expect(answer.text).not.toContain('[DONE]');
  });

  it.each(['0s', '-1s'])('of %s waits until a slot is free', async (timeout) => {
    const clock = new ManualClock();
    const { upstream, app, ask } = await gateway(`, wait_timeout: ${timeout}`, { clock });
    void ask().head;
    const first = await upstream.next();
    const second = ask();
    await waiting(app, 1);
    clock.advance(24 * 3_600_000);
    expect(app.status().waiting_interactive).toBe(1);
    first.answer(200, chatCompletion('first'));
    (await upstream.next()).answer(200, chatCompletion('second'));
    expect((await second.head).status).toBe(200);
  });
});

describe('ADM-3: a client that leaves', () => {
  it.each([true, false])('while it waits leaves the queue (stream: %s)', async (stream) => {
    const { upstream, app, ask } = await gateway();
    void ask().head;
    const first = await upstream.next();
    const second = ask({ stream });
    const third = ask({ number: 3 });
    await waiting(app, 2);
    second.leave();
    await waiting(app, 1);
    first.answer(200, chatCompletion('ok'));
    const next = await upstream.next();
    expect(next.json.number).toBe(3);
    next.answer(200, chatCompletion('ok'));
    expect((await third.head).status).toBe(200);
    expect(upstream.count).toBe(2);
    await idle(app);
  });

  it.each(['stream', 'silent stream', 'JSON'])(
    'while its request runs aborts it and frees the slot (%s)',
    async (kind) => {
      const { upstream, app, ask } = await gateway();
      const first = ask({ stream: kind !== 'JSON' });
      const call = await upstream.next();
      if (kind === 'stream') {
        call.beginStream();
        call.say('begun');
        await (await first.head).until('begun');
      }
      const second = ask({ number: 2 });
      await waiting(app, 1);
      first.leave();
      await call.abandoned;
      const next = await upstream.next();
      expect(next.json.number).toBe(2);
      next.answer(200, chatCompletion('ok'));
      expect((await second.head).status).toBe(200);
      await idle(app);
    },
  );

  it('is noticed by a supervised engine too, where the answer was to be one JSON', async () => {
    const { place, yaml, upstream } = await puppet({ max_concurrency: '1' }, { slots: 1 });
    const app = await startApp(yaml.replace(/.*ready_pattern.*\n/, ''), { place });
    const first = begin(app.url + CHAT, { body: QUESTION });
    const call = await upstream.next();
    first.leave();
    await call.abandoned;
    await idle(app);
  });
});
