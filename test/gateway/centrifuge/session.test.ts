import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/base/random.js';
import type { ChannelLog } from '../../../src/gateway/centrifuge/channel-log.js';
import type { SessionEffect } from '../../../src/gateway/centrifuge/machine.js';
import { ClientSession, type ClientSessionOptions } from '../../../src/gateway/centrifuge/session.js';
import type { LogEntry, LogRecord, LogView } from '../../../src/stream/record.js';
import type { Visitor } from '../../../src/tasks/task-queue.js';

const VISITOR: Visitor = { name: 'me', admin: false, maxPriority: undefined };
const RUNNING: LogRecord = { kind: 'state', status: 'running' };
const DONE: LogRecord = { kind: 'done', status: 'completed', usage: undefined };

class Driver {
  readonly session: ClientSession;
  readonly effects: SessionEffect[] = [];

  constructor(options: Partial<ClientSessionOptions> = {}) {
    this.session = new ClientSession({
      clientId: 'c1',
      random: seededRandom(1),
      authenticate: () => VISITOR,
      emulation: undefined,
      pings: true,
      ...options,
    });
    this.effects.push(...this.session.begin());
  }

  /** What is sent because of it, parsed. */
  say(...commands: unknown[]): unknown[] {
    return this.raw(commands.map((command) => JSON.stringify(command)).join('\n'));
  }

  raw(text: string): unknown[] {
    return this.#sent(this.session.handle({ kind: 'message', text }));
  }

  looked(log: ChannelLog | 'failed' | undefined, look = this.looks.at(-1)?.look ?? 0): unknown[] {
    return this.#sent(this.session.handle({ kind: 'looked', look, log }));
  }

  entries(entries: readonly LogEntry[] | undefined, last = entries?.at(-1)?.sequence ?? 0): unknown[] {
    return this.#sent(this.session.handle({ kind: 'entries', channel: 'c', entries, last }));
  }

  timer(timer: 'connect' | 'ping' | 'pong', isBehind = false): unknown[] {
    return this.#sent(this.session.handle({ kind: 'timer', timer, isBehind }));
  }

  get looks() {
    return this.effects.filter((effect) => effect.kind === 'look');
  }

  get closed(): [code: number, reason: string] | undefined {
    const close = this.effects.find((effect) => effect.kind === 'close');
    return close && [close.disconnect.code, close.disconnect.reason];
  }

  get timers(): [string, number][] {
    return this.effects.flatMap((effect) => (effect.kind === 'set-timer' ? [[effect.timer, effect.delayMs]] : []));
  }

  #sent(effects: readonly SessionEffect[]): unknown[] {
    this.effects.push(...effects);
    return effects.flatMap((effect) => (effect.kind === 'send' ? [JSON.parse(effect.message.text)] : []));
  }
}

function connected(options: Partial<ClientSessionOptions> = {}): Driver {
  const driver = new Driver(options);
  driver.say({ id: 1, connect: {} });
  return driver;
}

/** Subscribed to `c`, whose log has these records. */
function subscribed(records: readonly LogRecord[] = []): Driver {
  const driver = connected();
  driver.say({ id: 2, subscribe: { channel: 'c' } });
  driver.looked(logOf(records));
  return driver;
}

function entriesOf(records: readonly LogRecord[], after = 0): LogEntry[] {
  return records.map((record, at) => ({ sequence: after + at + 1, record }));
}

const view: LogView = (entries) => entries;

function logOf(records: readonly LogRecord[], after = 0, epoch = 'e1'): ChannelLog {
  const entries = entriesOf(records);
  const hasEnded = ['done', 'error'].includes(records.at(-1)?.kind ?? '');
  return { logId: 'log', epoch, last: records.length, hasEnded, entries: entries.slice(after), view };
}

const text = (value: string): LogRecord => ({ kind: 'text', text: value });

it('looks up so many channels at once at most, what was taken back included', () => {
  const driver = new Driver();
  driver.say({ id: 1, connect: {} });
  const replies = Array.from({ length: 300 }, (_, at) => [
    driver.say({ id: 2 * at + 2, subscribe: { channel: `c${at}` } }),
    driver.say({ id: 2 * at + 3, unsubscribe: { channel: `c${at}` } }),
  ]);
  expect(driver.looks).toHaveLength(256);
  expect(replies.at(-1)?.[0]).toEqual([{ id: 600, error: expect.objectContaining({ code: 111, temporary: true }) }]);
  expect(driver.looked(undefined, driver.looks[0]?.look)).toEqual([]);
  driver.say({ id: 1000, subscribe: { channel: 'c' } });
  expect(driver.looks).toHaveLength(257);
});

describe('a session', () => {
  it('answers connect with the client, and with the session where others speak for it', () => {
    expect(new Driver().say({ id: 1, connect: { token: 't', name: 'js', version: '5' } })).toEqual([
      { id: 1, connect: { client: 'c1', ping: 25, pong: true } },
    ]);
    const emulation = { session: 's', node: 'n' };
    expect(new Driver({ emulation }).say({ id: 7, connect: {} })).toEqual([
      { id: 7, connect: { client: 'c1', ping: 25, pong: true, session: 's', node: 'n' } },
    ]);
  });

  it('closes with 3502 where no connect came in 15 s', () => {
    const driver = new Driver();
    expect(driver.timers).toEqual([['connect', 15_000]]);
    driver.timer('connect');
    expect(driver.closed).toEqual([3502, 'stale']);
  });

  it('closes with 3500 where the token lets nobody in', () => {
    const tokens: unknown[] = [];
    const authenticate = (token: string | undefined) => {
      tokens.push(token);
      return undefined;
    };
    const driver = new Driver({ authenticate });
    expect(driver.say({ id: 1, connect: { token: 'wrong' } }, { id: 2, subscribe: { channel: 'c' } })).toEqual([]);
    expect(driver.closed).toEqual([3500, 'invalid token']);
    expect(tokens).toEqual(['wrong']);
  });

  it.each<[string, string, [number, string]]>([
    ['a second connect', '{"id":2,"connect":{}}', [3501, 'bad request']],
    ['a message', '{"send":{"data":{}}}', [3508, 'not available']],
    ['a message with an id', '{"id":2,"send":{"data":{}}}', [3508, 'not available']],
    ['a pong without a ping', '{}', [3501, 'bad request']],
    ['a ping', '{"id":2,"ping":{}}', [3501, 'bad request']],
    ['an empty channel', '{"id":2,"subscribe":{"channel":""}}', [3501, 'bad request']],
    ['no channel', '{"id":2,"subscribe":{}}', [3501, 'bad request']],
    ['an id alone', '{"id":2}', [3501, 'bad request']],
    ['a command without an id', '{"subscribe":{"channel":"c"}}', [3501, 'bad request']],
    ['a negative id', '{"id":-2,"subscribe":{"channel":"c"}}', [3501, 'bad request']],
    ['what is no JSON', 'garbage', [3501, 'bad request']],
    ['what is no object', '[]', [3501, 'bad request']],
    ['nothing', '', [3501, 'bad request']],
    ['garbage behind a command', '{"id":2,"unsubscribe":{"channel":"c"}}\nx', [3501, 'bad request']],
  ])('is closed by %s', (_what, frame, closed) => {
    const driver = connected();
    expect(driver.raw(frame)).toEqual([]);
    expect(driver.closed).toEqual(closed);
    expect(driver.say({ id: 3, unsubscribe: { channel: 'c' } })).toEqual([]);
  });

  it.each([
    { id: 1, subscribe: { channel: 'c' } },
    { id: 1, history: { channel: 'c' } },
    {},
    { send: { data: 1 } },
    { id: 1, whatever: {} },
  ])('is closed with 3501 by %j before connect', (command) => {
    const driver = new Driver();
    expect(driver.say(command)).toEqual([]);
    expect(driver.closed).toEqual([3501, 'bad request']);
  });

  it.each([
    ['publish', 108, 'not available'],
    ['rpc', 108, 'not available'],
    ['presence', 108, 'not available'],
    ['presence_stats', 108, 'not available'],
    ['refresh', 108, 'not available'],
    ['sub_refresh', 108, 'not available'],
    ['surprise', 104, 'method not found'],
  ])('refuses %s with %i', (method, code, message) => {
    const driver = connected();
    expect(driver.say({ id: 4, [method]: { channel: 'c' } })).toEqual([{ id: 4, error: { code, message } }]);
    expect(driver.closed).toBeUndefined();
  });

  it('answers commands of one frame one after the other, and none behind the one that closes', () => {
    const driver = connected();
    const sent = driver.say({ id: 2, rpc: {} }, { id: 3, unsubscribe: { channel: 'x' } }, {}, { id: 4, rpc: {} });
    expect(sent).toMatchObject([{ id: 2 }, { id: 3, unsubscribe: {} }]);
    expect(driver.closed?.[0]).toBe(3501);
  });
});

describe('pings', () => {
  it('begin between 12.5 and 25 s and come every 25 s', () => {
    const first = (random: number) => connected({ random: () => random }).timers.at(-1);
    expect(first(0)).toEqual(['ping', 12_500]);
    expect(first(0.999999)?.[1]).toBeCloseTo(25_000, 0);
    const driver = connected();
    expect(driver.timer('ping')).toEqual([{}]);
    expect(driver.timers.slice(-2)).toEqual([
      ['ping', 25_000],
      ['pong', 10_000],
    ]);
    expect(driver.raw('{}')).toEqual([]);
    expect(driver.effects.at(-1)).toEqual({ kind: 'cancel-timer', timer: 'pong' });
    expect(driver.closed).toBeUndefined();
  });

  it('that are not answered close with 3012', () => {
    const driver = connected();
    driver.timer('ping');
    driver.timer('pong');
    expect(driver.closed).toEqual([3012, 'no pong']);
  });

  it('are answered once', () => {
    const driver = connected();
    driver.timer('ping');
    driver.raw('{}');
    driver.raw('{}');
    expect(driver.closed).toEqual([3501, 'bad request']);
  });

  it('wait for a client that is behind, and so does the time for the answer', () => {
    const driver = connected();
    expect(driver.timer('ping', true)).toEqual([]);
    expect(driver.timer('ping')).toEqual([{}]);
    driver.timer('pong', true);
    expect(driver.closed).toBeUndefined();
    expect(driver.timers.at(-1)).toEqual(['pong', 10_000]);
    expect(driver.timer('ping')).toEqual([]);
    driver.timer('pong');
    expect(driver.closed?.[0]).toBe(3012);
  });

  it('are left to the transport where it has its own', () => {
    const driver = new Driver({ pings: false });
    expect(driver.say({ id: 1, connect: {} })).toEqual([{ id: 1, connect: { client: 'c1' } }]);
    expect(driver.timers).toEqual([['connect', 15_000]]);
  });
});

describe('subscribe', () => {
  it('brings everything from the beginning the first time, and then what follows', () => {
    const driver = connected();
    expect(driver.say({ id: 2, subscribe: { channel: 'c', flag: 1 } })).toEqual([]);
    expect(driver.looks[0]?.window(9).after).toBe(0);
    expect(driver.looked(logOf([RUNNING, text('a')]))).toEqual([
      {
        id: 2,
        subscribe: {
          recoverable: true,
          positioned: true,
          epoch: 'e1',
          publications: [
            { data: { type: 'start', message: '' }, offset: 1 },
            { data: { type: 'chunk', message: 'a' }, offset: 2 },
          ],
        },
      },
    ]);
    expect(driver.effects.at(-1)).toEqual({ kind: 'follow', channel: 'c', logId: 'log', view });
    expect(driver.entries(entriesOf([text('b')], 2))).toEqual([
      { push: { channel: 'c', pub: { data: { type: 'chunk', message: 'b' }, offset: 3 } } },
    ]);
    expect(driver.session.position('c')).toBe(3);
  });

  it('goes on behind the offset of a client that comes back', () => {
    const driver = connected();
    driver.say({ id: 2, subscribe: { channel: 'c', recover: true, offset: 1, epoch: 'e1' } });
    expect(driver.looks[0]?.window(2).after).toBe(1);
    expect(driver.looked(logOf([RUNNING, text('a')], 1))).toEqual([
      {
        id: 2,
        subscribe: {
          recoverable: true,
          positioned: true,
          epoch: 'e1',
          was_recovering: true,
          recovered: true,
          offset: 1,
          publications: [{ data: { type: 'chunk', message: 'a' }, offset: 2 }],
        },
      },
    ]);
  });

  it.each<[string, { offset?: number; epoch?: string }]>([
    ['of another epoch', { offset: 1, epoch: 'e0' }],
    ['behind the end', { offset: 3, epoch: 'e1' }],
  ])('says that a position %s is lost, and stands at the end', (_what, asked) => {
    const driver = connected();
    driver.say({ id: 2, subscribe: { channel: 'c', recover: true, ...asked } });
    const log = logOf([RUNNING, text('a')], asked.offset);
    expect(driver.looked(log)).toEqual([
      {
        id: 2,
        subscribe: { recoverable: true, positioned: true, epoch: 'e1', was_recovering: true, offset: 2 },
      },
    ]);
    expect(driver.entries(entriesOf([text('b')], 2))).toMatchObject([{ push: { pub: { offset: 3 } } }]);
  });

  it('refuses a lost position with 112 where the client wishes so', () => {
    const driver = connected();
    const lost = { channel: 'c', recover: true, offset: 1, epoch: 'e0', flag: 3 };
    driver.say({ id: 2, subscribe: lost });
    const error = { code: 112, message: 'unrecoverable position' };
    expect(driver.looked(logOf([RUNNING]))).toEqual([{ id: 2, error }]);
    driver.say({ id: 3, subscribe: { channel: 'c', flag: 3 } });
    expect(driver.looked(logOf([RUNNING]))).toMatchObject([{ id: 3, subscribe: { epoch: 'e1' } }]);
  });

  it('takes recovery without a position as from the beginning, of any epoch', () => {
    const driver = connected();
    driver.say({ id: 2, subscribe: { channel: 'c', recover: true } });
    expect(driver.looked(logOf([RUNNING]))).toMatchObject([{ subscribe: { recovered: true, publications: [{}] } }]);
  });

  it('of an answer that has ended is unsubscribed with 2000 behind the end', () => {
    const driver = connected();
    driver.say({ id: 2, subscribe: { channel: 'c' } });
    expect(driver.looked(logOf([RUNNING, DONE]))).toMatchObject([
      { id: 2, subscribe: { publications: [{}, { data: { type: 'end', message: '' }, offset: 2 }] } },
      { push: { channel: 'c', unsubscribe: { code: 2000, reason: 'server unsubscribe' } } },
    ]);
    driver.say({ id: 3, subscribe: { channel: 'c', recover: true, offset: 2, epoch: 'e1' } });
    expect(driver.looked(logOf([RUNNING, DONE], 2))).toMatchObject([
      { id: 3, subscribe: { recovered: true, offset: 2 } },
      { push: { channel: 'c', unsubscribe: { code: 2000 } } },
    ]);
    expect(driver.session.position('c')).toBeUndefined();
  });

  it('ends with the end of the answer', () => {
    const driver = subscribed([RUNNING]);
    expect(driver.entries(entriesOf([DONE], 1))).toMatchObject([
      { push: { pub: { data: { type: 'end' } } } },
      { push: { unsubscribe: { code: 2000 } } },
    ]);
    expect(driver.effects.filter(({ kind }) => kind === 'unfollow')).toHaveLength(1);
  });

  it('does not take an end for the end after which the task was tried again', () => {
    const driver = subscribed([RUNNING]);
    const again: LogRecord[] = [DONE, { kind: 'restart', attempt: 2 }, RUNNING];
    expect(driver.entries(entriesOf(again, 1))).toEqual([
      { push: { channel: 'c', pub: { data: { type: 'restart', attempt: 2 }, offset: 3 } } },
      { push: { channel: 'c', pub: { data: { type: 'state', status: 'running' }, offset: 4 } } },
    ]);
    expect(driver.session.position('c')).toBe(4);
  });

  it('is told 2500 instead of a gap', () => {
    for (const wrong of [entriesOf([text('x')], 2), entriesOf([text('x')], 0), undefined]) {
      const driver = subscribed([RUNNING]);
      const why = { code: 2500, reason: 'insufficient state' };
      expect(driver.entries(wrong)).toEqual([{ push: { channel: 'c', unsubscribe: why } }]);
      expect(driver.entries(entriesOf([text('y')], 1))).toEqual([]);
    }
  });

  it('twice is refused with 105, also while the first is looked for', () => {
    const driver = connected();
    driver.say({ id: 2, subscribe: { channel: 'c' } });
    const refusal = { error: { code: 105, message: 'already subscribed' } };
    expect(driver.say({ id: 3, subscribe: { channel: 'c' } })).toEqual([{ id: 3, ...refusal }]);
    driver.looked(logOf([]));
    expect(driver.say({ id: 4, subscribe: { channel: 'c' } })).toEqual([{ id: 4, ...refusal }]);
    expect(driver.say({ id: 5, unsubscribe: { channel: 'c' } })).toEqual([{ id: 5, unsubscribe: {} }]);
    expect(driver.say({ id: 6, subscribe: { channel: 'c' } })).toEqual([]);
  });

  it('of a channel that is not there is refused with 102, and with 100 for now where nobody knows', () => {
    const driver = connected();
    driver.say({ id: 2, subscribe: { channel: 'c' } });
    expect(driver.looked(undefined)).toEqual([{ id: 2, error: { code: 102, message: 'unknown channel' } }]);
    driver.say({ id: 3, subscribe: { channel: 'c' } });
    expect(driver.looked('failed')).toEqual([
      { id: 3, error: { code: 100, message: 'internal server error', temporary: true } },
    ]);
  });

  it('of the 129th channel is refused with 106, and a long name with 107', () => {
    const driver = connected();
    for (let at = 0; at < 128; at++) {
      expect(driver.say({ id: at + 2, subscribe: { channel: `c${at}` } })).toEqual([]);
    }
    expect(driver.say({ id: 200, subscribe: { channel: 'c' } })).toMatchObject([{ id: 200, error: { code: 106 } }]);
    const name = 'x'.repeat(256);
    expect(driver.say({ id: 201, subscribe: { channel: name } })).toMatchObject([{ id: 201, error: { code: 107 } }]);
  });

  it('that was taken back while it was looked for is answered, and nothing of it comes later', () => {
    const driver = connected();
    driver.say({ id: 2, subscribe: { channel: 'c' } });
    const [first] = driver.looks;
    expect(driver.say({ id: 3, unsubscribe: { channel: 'c' } })).toMatchObject([
      { id: 2, error: { code: 108 } },
      { id: 3, unsubscribe: {} },
    ]);
    driver.say({ id: 4, subscribe: { channel: 'c' } });
    expect(driver.looked(logOf([RUNNING]), first?.look)).toEqual([]);
    expect(driver.looked(logOf([RUNNING]))).toMatchObject([{ id: 4, subscribe: {} }]);
  });

  it('of an answer that does not begin with its start is told one, which moves nobody', () => {
    const driver = connected();
    driver.say({ id: 2, subscribe: { channel: 'c' } });
    expect(driver.looked(logOf([text('all'), DONE]))).toMatchObject([
      {
        subscribe: {
          publications: [{ data: { type: 'start', message: '' } }, { offset: 1 }, { data: { type: 'end' }, offset: 2 }],
        },
      },
      { push: { unsubscribe: { code: 2000 } } },
    ]);
  });
});

describe('history', () => {
  const all = [RUNNING, text('a'), text('b'), text('c')];
  const ask = (history: object, log = (driver: Driver) => windowed(driver, all)) => {
    const driver = connected();
    driver.say({ id: 2, history: { channel: 'c', ...history } });
    return driver.looked(log(driver));
  };
  const windowed = (driver: Driver, records: readonly LogRecord[]): ChannelLog => {
    const { after, limit } = driver.looks.at(-1)?.window(records.length) ?? { after: 0, limit: 0 };
    const log = logOf(records);
    return { ...log, entries: log.entries.slice(after, after + limit) };
  };
  const offsets = (sent: unknown[]) => {
    const [{ history }] = sent as [{ history: { publications: { offset: number }[] } }];
    return history.publications.map(({ offset }) => offset);
  };

  it('without a limit is the position alone', () => {
    expect(ask({})).toEqual([{ id: 2, history: { publications: [], epoch: 'e1', offset: 4 } }]);
  });

  it.each<[object, number[]]>([
    [{ limit: -1 }, [1, 2, 3, 4]],
    [{ limit: 2 }, [1, 2]],
    [{ limit: 2, since: { offset: 2, epoch: 'e1' } }, [3, 4]],
    [{ limit: -1, since: { offset: 4, epoch: 'e1' } }, []],
    [{ limit: -1, reverse: true }, [4, 3, 2, 1]],
    [{ limit: 2, reverse: true }, [4, 3]],
    [{ limit: 2, reverse: true, since: { offset: 3, epoch: 'e1' } }, [2, 1]],
    [{ limit: 5, reverse: true, since: { offset: 1 } }, []],
  ])('%j is %j', (asked, expected) => {
    expect(offsets(ask(asked))).toEqual(expected);
  });

  it('since another epoch is refused with 112', () => {
    expect(ask({ limit: 1, since: { offset: 1, epoch: 'e0' } })).toMatchObject([{ id: 2, error: { code: 112 } }]);
  });

  it('is looked up sixteen times at once, and not more often', () => {
    const driver = connected();
    for (let at = 0; at < 16; at++) expect(driver.say({ id: at + 2, history: { channel: 'c' } })).toEqual([]);
    expect(driver.say({ id: 20, history: { channel: 'c' } })).toMatchObject([
      { id: 20, error: { code: 111, temporary: true } },
    ]);
  });
});

describe('a client that is cut off and comes back at random', () => {
  const KINDS = ['text', 'text', 'text', 'reasoning', 'restart'] as const;

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('is told everything exactly once (seed %i)', (seed) => {
    const random = seededRandom(seed);
    const below = (max: number) => Math.floor(random() * max);
    const records: LogRecord[] = [RUNNING];
    const append = () => {
      const kind = KINDS[below(KINDS.length)] ?? 'text';
      if (kind === 'restart') records.push({ kind, attempt: records.length });
      else records.push({ kind, text: `<${records.length}>` });
    };
    let heard = '';
    let offset = 0;
    let driver: Driver | undefined;
    /** As the official client takes what comes: no check for gaps, none for repetition. */
    const take = (messages: unknown[]) => {
      for (const message of messages as never[]) {
        const { subscribe, push } = message as { subscribe?: Told; push?: { pub?: Publication } };
        if (subscribe?.offset !== undefined) offset = subscribe.offset;
        for (const pub of [...(subscribe?.publications ?? []), ...(push?.pub ? [push.pub] : [])]) {
          heard += pub.data.message ?? `restart ${pub.data.attempt}`;
          if (pub.offset !== undefined) offset = pub.offset;
        }
      }
    };
    for (let round = 0; round < 400; round++) {
      const choice = random();
      if (choice < 0.5) for (let count = below(150); count >= 0; count--) append();
      else if (choice < 0.7) driver = undefined;
      else if (!driver) {
        driver = connected();
        const position = offset > 0 ? { recover: true, offset, epoch: 'e1' } : {};
        driver.say({ id: 2, subscribe: { channel: 'c', ...position } });
        const { after, limit } = driver.looks[0]?.window(records.length) ?? { after: 0, limit: 0 };
        const log = logOf(records, after);
        take(driver.looked({ ...log, entries: log.entries.slice(0, Math.min(limit, 1 + below(200))) }));
      } else {
        const position = driver.session.position('c') ?? Number.NaN;
        const entries = entriesOf(records).slice(position, position + 1 + below(300));
        if (entries.length > 0) take(driver.entries(entries, records.length));
      }
    }
    const told = records.slice(1, offset).map((record) => {
      return record.kind === 'restart' ? `restart ${record.attempt}` : 'text' in record ? record.text : '';
    });
    expect(offset).toBeGreaterThan(1_000);
    expect(heard).toBe(told.join(''));
  });

  interface Publication {
    readonly data: { readonly message?: string; readonly attempt?: number };
    readonly offset?: number;
  }
  interface Told {
    readonly offset?: number;
    readonly publications?: readonly Publication[];
  }
});
