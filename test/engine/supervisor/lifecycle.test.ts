import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/base/random.js';
import { advance } from '../../../src/engine/supervisor/lifecycle.js';
import {
  type Failure,
  type Lifecycle,
  type LifecycleEffect,
  type LifecycleEvent,
  type LifecyclePolicy,
  NEW_LIFECYCLE,
  type TimerName,
} from '../../../src/engine/supervisor/phase.js';
import { statusOf } from '../../../src/engine/supervisor/supervised-status.js';

const POLICY: LifecyclePolicy = {
  startTimeoutMs: 30_000,
  stopTimeoutMs: 10_000,
  restartBackoffMs: 2_000,
  needsLine: false,
  keepTrying: false,
};
const DIED: Failure = { sentence: 'it died', hint: 'feed it', againAtOnce: false };
const exited: LifecycleEvent = { type: 'exited', failure: DIED };

/** Plays the shell: keeps the time, the timers and all effects. */
class Play {
  readonly policy: LifecyclePolicy;
  nowMs = 1_000;
  lifecycle: Lifecycle = NEW_LIFECYCLE;
  effects: LifecycleEffect[] = [];
  timers = new Map<TimerName, number>();
  /** A look at the health is under way. */
  looking = false;

  constructor(policy: Partial<LifecyclePolicy> = {}) {
    this.policy = { ...POLICY, ...policy };
  }

  tell(event: LifecycleEvent | LifecycleEvent['type'], luck = 0.5): this {
    const told = (typeof event === 'string' ? { type: event } : event) as LifecycleEvent;
    const step = advance(this.lifecycle, told, { nowMs: this.nowMs, luck }, this.policy);
    this.lifecycle = step.lifecycle;
    this.effects = [...step.effects];
    if (told.type.startsWith('health-')) this.looking = false;
    for (const effect of step.effects) {
      if (effect.type === 'probe') this.looking = true;
      if (effect.type === 'clear-timers') this.timers.clear();
      if (effect.type === 'set-timer') this.timers.set(effect.timer, this.nowMs + effect.delayMs);
    }
    return this;
  }

  due(timer: TimerName): this {
    const atMs = this.timers.get(timer);
    if (atMs === undefined) throw new Error(`no timer ${timer} is set`);
    this.nowMs = Math.max(this.nowMs, atMs);
    this.timers.delete(timer);
    return this.tell({ type: 'timer-due', timer });
  }

  miss(miss: 'refused' | 'silent', lastBytesAtMs = 0): this {
    this.due('probe');
    return this.tell({ type: 'health-missed', miss, lastBytesAtMs });
  }

  ready(): this {
    return this.tell('start-asked').tell('spawned').tell('health-ok');
  }

  /** Timers fire, looks answer `loading`, until the phase is no more `starting`; returns how long that took. */
  loadForever(line: (looks: number) => boolean): number {
    const startMs = this.nowMs;
    for (let looks = 0; this.phase === 'starting'; looks++) {
      const [timer] = [...this.timers].sort((a, b) => a[1] - b[1])[0] ?? [];
      if (timer === undefined) throw new Error('it waits for nothing');
      this.due(timer);
      if (timer !== 'probe') continue;
      this.tell('health-loading');
      if (line(looks)) this.tell({ type: 'line-seen', matches: false });
    }
    return this.nowMs - startMs;
  }

  get phase() {
    return this.lifecycle.phase.name;
  }

  get did(): string[] {
    return this.effects.filter(({ type }) => type !== 'clear-timers' && type !== 'set-timer').map(({ type }) => type);
  }

  get status() {
    return statusOf(this.lifecycle);
  }

  get delayMs(): number {
    const { phase } = this.lifecycle;
    return phase.name === 'backoff' ? phase.delayMs : Number.NaN;
  }
}

describe('a start', () => {
  it('spawns, looks at the health, and is ready when that is good', () => {
    const play = new Play().tell('start-asked');
    expect(play.did).toEqual(['spawn']);
    play.tell('spawned').due('probe');
    expect(play.did).toEqual(['probe']);
    play.tell('health-loading').tell('health-ok');
    expect(play.phase).toBe('ready');
    expect(play.did).toEqual(['start-settled']);
    expect(play.status).toEqual({ state: 'ready', restarts: 0, problem: undefined });
  });

  it('that needs a line waits for both the line and the health, in either order', () => {
    const line: LifecycleEvent = { type: 'line-seen', matches: true };
    const lineFirst = new Play({ needsLine: true }).tell('start-asked').tell('spawned').tell(line);
    expect(lineFirst.phase).toBe('starting');
    expect(lineFirst.tell('health-ok').phase).toBe('ready');
    const healthFirst = new Play({ needsLine: true }).tell('start-asked').tell('spawned').tell('health-ok');
    expect(healthFirst.phase).toBe('starting');
    expect(healthFirst.tell(line).phase).toBe('ready');
  });

  it('that a line announces is not ready while the health says that it is loading', () => {
    const play = new Play({ needsLine: true }).tell('start-asked').tell('spawned').tell('health-ok');
    play.tell('health-loading').tell({ type: 'line-seen', matches: true });
    expect(play.phase).toBe('starting');
  });

  it('fails at once when the process ends', () => {
    const play = new Play().tell('start-asked').tell('spawned').tell(exited);
    expect(play.phase).toBe('stopped');
    expect(play.effects).toContainEqual({ type: 'start-settled', failure: DIED });
    expect(play.status.problem).toBe('it died. feed it');
  });

  it('that is refused all the time fails after start_timeout', () => {
    const play = new Play().tell('start-asked').tell('spawned').miss('refused').due('start-deadline');
    expect(play.nowMs).toBe(1_000 + POLICY.startTimeoutMs);
    expect(play.phase).toBe('stopping');
    expect(play.effects).toContainEqual({ type: 'signal', signal: 'SIGTERM' });
    play.tell('group-gone');
    expect(play.phase).toBe('stopped');
    expect(play.status.problem).toContain('nothing listens on its address');
  });

  it('says that only the line was missing', () => {
    const play = new Play({ needsLine: true }).tell('start-asked').tell('spawned').tell('health-ok');
    expect(play.due('start-deadline').tell('group-gone').status.problem).toContain('matches ready_pattern');
  });

  it('goes on past start_timeout while lines come', () => {
    const play = new Play().tell('start-asked').tell('spawned');
    play.nowMs += 29_000;
    play.tell({ type: 'line-seen', matches: false }).due('start-deadline');
    expect(play.phase).toBe('starting');
    expect(play.timers.get('start-deadline')).toBe(1_000 + 29_000 + 30_000);
  });

  it('that only ever says 503 is given up after 20 times start_timeout and one more', () => {
    const play = new Play().tell('start-asked').tell('spawned');
    const tookMs = play.loadForever(() => false);
    expect(tookMs).toBeGreaterThan(20 * 30_000);
    expect(tookMs).toBeLessThanOrEqual(21 * 30_000);
    expect(play.tell('group-gone').status.problem).toContain('still loading');
  });

  it('with a short start_timeout looks often enough to see that it loads', () => {
    const play = new Play({ startTimeoutMs: 400 }).tell('start-asked').tell('spawned');
    expect(play.loadForever(() => false)).toBeGreaterThanOrEqual(20 * 400);
  });

  it('that talks for ever is given up after 120 times start_timeout', () => {
    const play = new Play().tell('start-asked').tell('spawned');
    expect(play.loadForever(() => true)).toBe(120 * 30_000);
  });

  it('whose own free port was taken meanwhile is repeated at once, three times', () => {
    const taken: LifecycleEvent = { type: 'exited', failure: { ...DIED, againAtOnce: true } };
    const play = new Play().tell('start-asked');
    for (let count = 0; count < 3; count++) {
      play.tell('spawned').tell(taken);
      expect(play.did).toEqual(['spawn']);
    }
    expect(play.tell('spawned').tell(taken).phase).toBe('stopped');
  });

  it('that fails leads to the next one where it is to be kept up', () => {
    const play = new Play({ keepTrying: true }).tell('start-asked').tell('spawned').tell(exited);
    expect(play.phase).toBe('backoff');
    expect(play.did).toEqual(['start-settled']);
    expect(play.due('backoff').did).toEqual(['spawn']);
  });

  it('that could not spawn fails', () => {
    const play = new Play().tell('start-asked').tell({ type: 'spawn-failed', failure: DIED });
    expect(play.phase).toBe('stopped');
  });
});

describe('a process that dies', () => {
  it('is started again after about restart_backoff, which doubles up to a minute', () => {
    const play = new Play({ restartBackoffMs: 15_000 }).ready();
    const delays: number[] = [];
    for (let count = 0; count < 4; count++) {
      delays.push(play.tell(exited).delayMs);
      play.due('backoff').tell('spawned').tell('health-ok');
    }
    expect(delays).toEqual([15_000, 30_000, 60_000, 60_000]);
    expect(play.status.restarts).toBe(4);
  });

  it('spreads the delay by luck', () => {
    expect(new Play().ready().tell(exited, 0).delayMs).toBe(1_800);
    expect(new Play().ready().tell(exited, 0.999).delayMs).toBeCloseTo(2_200, -1);
  });

  it('ends in a crash loop after five failures in a row, which tells why and what to do', () => {
    const play = new Play().ready().tell(exited);
    for (let count = 0; count < 4; count++) play.due('backoff').tell('spawned').tell(exited);
    expect(play.phase).toBe('crash-loop');
    expect(play.timers.size).toBe(0);
    expect(play.status.problem).toBe(
      'failed 5 times in a row and is not started again by itself: it died. feed it; then restart gollama',
    );
  });

  it('has its failures forgotten after a minute of service', () => {
    const play = new Play().ready();
    for (let count = 0; count < 4; count++) play.tell(exited).due('backoff').tell('spawned').tell('health-ok');
    play.due('stable');
    expect(play.tell(exited).delayMs).toBe(2_000);
  });

  it.each(['start-asked', 'recycle-asked'] as const)('leaves the crash loop by %s', (type) => {
    const play = new Play().ready().tell(exited);
    for (let count = 0; count < 4; count++) play.due('backoff').tell('spawned').tell(exited);
    const event: LifecycleEvent = type === 'start-asked' ? { type } : { type, reason: 'asked' };
    expect(play.tell(event).did).toEqual(['spawn']);
    expect(play.tell('spawned').tell(exited).phase).toBe('backoff');
  });

  it('is started at once when somebody asks during the back-off', () => {
    expect(new Play().ready().tell(exited).tell('start-asked').did).toEqual(['spawn']);
  });

  it('rejects a start that was asked for, and is tried again all the same', () => {
    const play = new Play().ready().tell(exited).tell('start-asked').tell('spawned').tell(exited);
    expect(play.effects).toContainEqual({ type: 'start-settled', failure: DIED });
    expect(play.phase).toBe('backoff');
  });
});

describe('a ready process that does not answer /health', () => {
  it('is marked after 30 s of silence, stays ready, and is unmarked when it answers', () => {
    const play = new Play().ready();
    for (let looks = 0; looks < 7; looks++) play.miss('silent');
    expect(play.status).toMatchObject({ state: 'ready', problem: 'it neither answers /health nor sends anything' });
    for (let looks = 0; looks < 1_000; looks++) play.miss('silent');
    expect(play.status.state).toBe('ready');
    play.due('probe').tell('health-ok');
    expect(play.status.problem).toBeUndefined();
  });

  it('is not marked while bytes come', () => {
    const play = new Play().ready();
    for (let looks = 0; looks < 100; looks++) play.miss('silent', play.nowMs);
    expect(play.status.problem).toBeUndefined();
  });

  it('is restarted when its port refuses three times with no bytes between', () => {
    const play = new Play().ready().miss('refused').miss('refused').miss('refused');
    expect(play.phase).toBe('stopping');
    expect(play.status.state).toBe('backoff');
    play.tell('group-gone');
    expect(play.phase).toBe('backoff');
    expect(play.status.problem).toContain('nothing listens on its port any more');
  });

  it('is left alone while its port refuses but its streams go on, until they end', () => {
    const play = new Play().ready();
    for (let looks = 0; looks < 100; looks++) play.miss('refused', play.nowMs);
    expect(play.phase).toBe('ready');
    const lastBytesAtMs = play.nowMs;
    for (let looks = 0; looks < 4; looks++) play.miss('refused', lastBytesAtMs);
    expect(play.phase).toBe('stopping');
  });
});

describe('a stop', () => {
  it('signals, signals again after a second, kills at stop_timeout, and ends when the group is gone', () => {
    const play = new Play().ready();
    const startMs = play.nowMs;
    play.tell('stop-asked');
    expect(play.effects).toContainEqual({ type: 'signal', signal: 'SIGTERM' });
    play.due('stop-step');
    expect(play.nowMs - startMs).toBe(1_000);
    expect(play.effects).toContainEqual({ type: 'signal', signal: 'SIGTERM' });
    play.due('stop-step');
    expect(play.nowMs - startMs).toBe(10_000);
    expect(play.effects).toContainEqual({ type: 'signal', signal: 'SIGKILL' });
    play.tell(exited);
    expect(play.did).toEqual([]);
    play.tell('group-gone');
    expect(play.did).toEqual(['stop-settled']);
    expect(play.status).toEqual({ state: 'stopped', restarts: 0, problem: 'stopped' });
  });

  it('with a time-out below a second signals once before it kills', () => {
    const play = new Play({ stopTimeoutMs: 500 }).ready().tell('stop-asked').due('stop-step');
    expect(play.effects).toContainEqual({ type: 'signal', signal: 'SIGKILL' });
  });

  it('with no time-out kills at once', () => {
    const play = new Play({ stopTimeoutMs: 0 }).ready().tell('stop-asked');
    expect(play.effects).toContainEqual({ type: 'signal', signal: 'SIGKILL' });
  });

  it('gives up what cannot be killed', () => {
    const play = new Play().ready().tell('stop-asked').due('stop-step').due('stop-step').due('stop-step');
    expect(play.did).toEqual(['abandon', 'stop-settled']);
  });

  it('during a start tells the one who started', () => {
    const play = new Play().tell('start-asked').tell('stop-asked');
    expect(play.did).toEqual(['signal', 'start-settled']);
    expect(play.tell('group-gone').phase).toBe('stopped');
  });

  it('during a back-off ends the waiting', () => {
    const play = new Play().ready().tell(exited).tell('stop-asked');
    expect(play.phase).toBe('stopped');
    expect(play.timers.size).toBe(0);
  });

  it('of what is stopped is done at once', () => {
    expect(new Play().tell('stop-asked').did).toEqual(['stop-settled']);
  });

  it('wins over a recycle under way, and a start wins over a stop under way', () => {
    const stopped = new Play().ready().tell({ type: 'recycle-asked', reason: 'x' }).tell('stop-asked');
    expect(stopped.tell('group-gone').phase).toBe('stopped');
    const started = new Play().ready().tell('stop-asked').tell('start-asked').tell('group-gone');
    expect(started.did).toEqual(['stop-settled', 'spawn']);
  });
});

describe('a recycle', () => {
  it('stops a ready process and starts it at once, without counting a failure', () => {
    const play = new Play().ready().tell({ type: 'recycle-asked', reason: 'a slot is stuck' });
    expect(play.status).toEqual({ state: 'starting', restarts: 0, problem: 'restarting: a slot is stuck' });
    expect(play.tell('group-gone').did).toContain('spawn');
    play.tell('spawned').tell('health-ok');
    expect(play.status).toEqual({ state: 'ready', restarts: 1, problem: undefined });
    expect(play.lifecycle.failures).toBe(0);
  });

  it.each(['start-asked', 'recycle-asked'] as const)(
    'is what a start under way does already, also after %s',
    (type) => {
      const play = new Play().tell('start-asked').tell('spawned');
      const before = play.lifecycle;
      play.tell(type === 'start-asked' ? { type } : { type, reason: 'x' });
      expect(play.lifecycle).toBe(before);
      expect(play.effects).toEqual([]);
    },
  );

  it('does not shorten a back-off', () => {
    const play = new Play().ready().tell(exited).tell({ type: 'recycle-asked', reason: 'x' });
    expect(play.phase).toBe('backoff');
  });

  it('does not start what is stopped', () => {
    expect(new Play().tell({ type: 'recycle-asked', reason: 'x' }).phase).toBe('stopped');
  });
});

describe('any sequence of events', () => {
  const EVENTS: readonly LifecycleEvent[] = [
    { type: 'start-asked' },
    { type: 'stop-asked' },
    { type: 'recycle-asked', reason: 'chance' },
    { type: 'spawned' },
    { type: 'spawn-failed', failure: DIED },
    { type: 'line-seen', matches: true },
    { type: 'health-ok' },
    { type: 'health-loading' },
    { type: 'health-missed', miss: 'refused', lastBytesAtMs: 0 },
    exited,
    { type: 'exited', failure: { ...DIED, againAtOnce: true } },
    { type: 'group-gone' },
  ];

  it('makes legal moves only, and never waits for nothing', () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = seededRandom(seed);
    const play = new Play({ keepTrying: random() < 0.5, needsLine: random() < 0.5 });
    for (let count = 0; count < 20_000; count++) {
      const timers = [...play.timers.keys()];
      const timer = timers[Math.floor(random() * timers.length)];
      if (timer !== undefined && random() < 0.4) play.due(timer);
      else play.tell(EVENTS[Math.floor(random() * EVENTS.length)] ?? exited, random());
      const settled = play.phase === 'stopped' || play.phase === 'crash-loop';
      // A start waits for `spawned` first.
      const waits = play.timers.size > 0 || play.looking || play.phase === 'starting';
      expect(settled || waits, `seed ${seed}, step ${count}: ${play.phase}`).toBe(true);
      if (settled) expect(play.timers.size, `seed ${seed}, step ${count}`).toBe(0);
    }
  });
});
