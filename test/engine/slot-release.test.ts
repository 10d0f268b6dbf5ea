import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.js';
import {
  busySlots,
  confirmRelease,
  judgeRelease,
  LOOKS_AT_MS,
  lookAtSlots,
  parseSlots,
  type ReleaseOptions,
  type SlotRelease,
} from '../../src/engine/slot-release.js';
import { ManualClock, settled } from '../support/manual-clock.js';
import { transcript } from '../support/transcript.js';

const slots = (name: string) => JSON.parse(transcript(name).body.toString());

/** Runs a confirmation on a manual clock and writes down when it looked. */
class Watch {
  readonly clock = new ManualClock();
  readonly looksAtMs: number[] = [];
  result: SlotRelease | undefined;

  start(look: ReleaseOptions['lookAtSlots'], options: Partial<ReleaseOptions> = {}): void {
    const lookAtSlots = (signal: AbortSignal) => {
      this.looksAtMs.push(this.clock.now());
      return look(signal);
    };
    const asked = confirmRelease({ clock: this.clock, expectedBusy: () => 0, ...options, lookAtSlots });
    void asked.then((result) => {
      this.result = result;
    });
  }
}

const never = () => new Promise<never>(() => {});

describe('judgeRelease', () => {
  it.each([
    ['free', 0, 0, 0, true],
    ['free', 2, 2, 0, true],
    ['free', 1, 2, 1, false],
    [undefined, 1, 0, 0, true],
    [undefined, 1, 0, 1, true],
    ['stuck', 1, 0, 0, false],
    ['stuck', 4, 1, 2, false],
    ['unknown', 1, 0, 1, false],
    ['unknown', 3, 1, 2, false],
  ] as const)(
    'says %s for %d busy, %d expected, %d possible, looks left: %s',
    (verdict, busy, expected, possible, left) => {
      expect(judgeRelease({ busy, expected, possible }, left)).toBe(verdict);
    },
  );

  it('knows nothing where no look was answered', () => {
    expect(judgeRelease(undefined, true)).toBeUndefined();
    expect(judgeRelease(undefined, false)).toBe('unknown');
  });
});

describe('confirmRelease', () => {
  it('looks after 30 ms and is done when no slot is busy', async () => {
    const watch = new Watch();
    watch.start(async () => [false, false]);
    await watch.clock.advanceAsync(29);
    expect(watch.looksAtMs).toEqual([]);
    await watch.clock.advanceAsync(1);
    expect(watch.looksAtMs).toEqual([30]);
    expect(watch.result).toBe('free');
    expect(watch.clock.timers).toBe(0);
  });

  it('looks again at growing distances until the slot is free', async () => {
    const watch = new Watch();
    watch.start(async () => [watch.clock.now() < 900]);
    await watch.clock.advanceAsync(5_000);
    expect(watch.looksAtMs).toEqual([30, 150, 500, 1_000]);
    expect(watch.result).toBe('free');
  });

  it('says stuck when the last look still shows a slot too many', async () => {
    const watch = new Watch();
    watch.start(async () => [true, true], { expectedBusy: () => 1 });
    await watch.clock.advanceAsync(59_999);
    expect(watch.result).toBeUndefined();
    await watch.clock.advanceAsync(1);
    expect(watch.looksAtMs).toEqual(LOOKS_AT_MS);
    expect(watch.result).toBe('stuck');
  });

  it('is done when only the slots of other calls are busy', async () => {
    const watch = new Watch();
    watch.start(async () => [true, true], { expectedBusy: () => 2 });
    await watch.clock.advanceAsync(30);
    expect(watch.result).toBe('free');
  });

  it('does not call a slot stuck that a call without headers may hold', async () => {
    const watch = new Watch();
    watch.start(async () => [true], { possiblyBusy: () => 1, looksAtMs: [10, 20] });
    await watch.clock.advanceAsync(20);
    expect(watch.result).toBe('unknown');
  });

  it('does not count a call whose headers came while the look was under way', async () => {
    const watch = new Watch();
    let expected = 0;
    watch.start(
      async () => {
        expected = 1;
        return [true];
      },
      { expectedBusy: () => expected, looksAtMs: [10, 20, 30] },
    );
    await watch.clock.advanceAsync(10);
    expect(watch.result).toBeUndefined();
    await watch.clock.advanceAsync(10);
    expect(watch.result).toBe('free');
  });

  it('does not count a call that ended while the look was under way', async () => {
    const watch = new Watch();
    let expected = 1;
    watch.start(
      async () => {
        expected = 0;
        return [true];
      },
      { expectedBusy: () => expected, looksAtMs: [10] },
    );
    await watch.clock.advanceAsync(10);
    expect(watch.result).toBe('stuck');
  });

  it('says unknown at once where the engine has no /slots', async () => {
    const watch = new Watch();
    watch.start(async () => undefined);
    await watch.clock.advanceAsync(30);
    expect(watch.result).toBe('unknown');
  });

  it('says unknown when no look is answered, and tries them all', async () => {
    const watch = new Watch();
    watch.start(() => Promise.reject(new Error('refused')), { looksAtMs: [10, 20, 40] });
    await watch.clock.advanceAsync(40);
    expect(watch.looksAtMs).toEqual([10, 20, 40]);
    expect(watch.result).toBe('unknown');
  });

  it('goes by the latest look that was answered', async () => {
    const watch = new Watch();
    const answers = [[true], undefined];
    const look = async () => answers.shift() ?? Promise.reject(new Error('refused'));
    watch.start(look, { looksAtMs: [10, 20] });
    await watch.clock.advanceAsync(20);
    expect(watch.result).toBe('stuck');
  });

  it('gives up a look after its patience, tells it so, and leaves out the looks that fell due meanwhile', async () => {
    const watch = new Watch();
    const signals: AbortSignal[] = [];
    watch.start(
      (signal) => {
        signals.push(signal);
        return signals.length === 1 ? never() : Promise.resolve([false]);
      },
      { looksAtMs: [10, 20, 500, 600], patienceMs: 500 },
    );
    await watch.clock.advanceAsync(509);
    expect(signals[0]?.aborted).toBe(false);
    await watch.clock.advanceAsync(91);
    expect(signals[0]?.aborted).toBe(true);
    expect(watch.looksAtMs).toEqual([10, 600]);
    expect(watch.result).toBe('free');
    expect(watch.clock.timers).toBe(0);
  });

  it('ends with unknown as soon as its signal aborts, between looks', async () => {
    const watch = new Watch();
    const stop = new AbortController();
    watch.start(async () => [true], { signal: stop.signal });
    await watch.clock.advanceAsync(200);
    stop.abort();
    await settled();
    expect(watch.result).toBe('unknown');
    expect(watch.clock.timers).toBe(0);
  });

  it('ends with unknown as soon as its signal aborts, during a look', async () => {
    const watch = new Watch();
    const stop = new AbortController();
    watch.start(never, { signal: stop.signal });
    await watch.clock.advanceAsync(30);
    stop.abort();
    await settled();
    expect(watch.result).toBe('unknown');
    expect(watch.clock.timers).toBe(0);
  });

  it('never says free while a slot too many is busy, and always comes to an end', async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = seededRandom(seed);
    for (let round = 0; round < 100; round++) {
      const watch = new Watch();
      const ours = Math.floor(random() * 3);
      const freeFromMs = random() * 100_000;
      let shown: readonly boolean[] | undefined;
      watch.start(
        async () => {
          if (random() < 0.2) throw new Error('refused');
          if (random() < 0.1) return never();
          shown = [...Array<boolean>(ours).fill(true), watch.clock.now() < freeFromMs, false];
          return shown;
        },
        { expectedBusy: () => ours },
      );
      await watch.clock.advanceAsync(65_000);
      const tooMany = shown !== undefined && shown.filter(Boolean).length > ours;
      const expected = shown === undefined ? 'unknown' : tooMany ? 'stuck' : 'free';
      expect(watch.result, `seed ${seed}, round ${round}`).toBe(expected);
      const gaps = watch.looksAtMs.slice(1).map((atMs, index) => atMs - (watch.looksAtMs[index] ?? 0));
      expect(Math.min(...gaps, 120), `seed ${seed}`).toBeGreaterThanOrEqual(120);
      expect(watch.clock.timers).toBe(0);
    }
  });
});

describe('the answer of GET /slots', () => {
  it('tells which slots work', () => {
    expect(parseSlots(slots('slots-idle.http'))).toEqual([false, false]);
    expect(parseSlots(slots('slots-busy.http'))).toEqual([false, true]);
  });

  it.each([[{}], ['text'], [null], [[{ id: 0 }]], [[1]], [[{ is_processing: 'yes' }]]])(
    'is not understood as %j',
    (body) => {
      expect(parseSlots(body)).toBeUndefined();
    },
  );

  it.each([401, 404, 501])('with status %d will not become better', (status) => {
    expect(busySlots({ status, body: {} })).toBeUndefined();
  });

  it.each([500, 503])('with status %d may', (status) => {
    expect(() => busySlots({ status, body: {} })).toThrow(`${status}`);
  });

  it('with status 200 is read', () => {
    expect(busySlots({ status: 200, body: [{ is_processing: true }] })).toEqual([true]);
  });

  it('is asked for with the signal of the look', async () => {
    const asked: unknown[] = [];
    const getJson = async (path: string, options: { timeoutMs: number; signal?: AbortSignal }) => {
      asked.push(path, options.signal);
      return { status: 200, body: slots('slots-busy.http') };
    };
    const { signal } = new AbortController();
    expect(await lookAtSlots({ getJson }, signal)).toEqual([false, true]);
    expect(asked).toEqual(['/slots', signal]);
  });
});
