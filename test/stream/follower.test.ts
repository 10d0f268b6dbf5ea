import { describe, expect, it } from 'vitest';
import type { FollowerOptions } from '../../src/stream/follower.js';
import { MemoryLogBook } from '../../src/stream/memory-log.js';
import { Reader } from '../../src/stream/reader.js';
import type { LogEntry, LogRecord } from '../../src/stream/record.js';
import { ManualClock, settled } from '../support/manual-clock.js';

const DONE: LogRecord = { kind: 'done', status: 'completed', usage: undefined };
const FAILED: LogRecord = { kind: 'error', message: 'boom', code: 'engine_error' };
const AGAIN: LogRecord = { kind: 'restart', attempt: 2 };
const text = (words: string): LogRecord => ({ kind: 'text', text: words });
const SILENCE_MS = 15_000;

/** As if nothing were in memory. */
class SlowLogBook extends MemoryLogBook {
  override held(): undefined {
    return undefined;
  }

  override read(id: string, after: number, limit: number): Promise<readonly LogEntry[] | undefined> {
    return Promise.resolve(super.held(id, after, limit));
  }
}

class Rig {
  readonly clock = new ManualClock();
  readonly logs: MemoryLogBook;
  /** What was told, as sequence numbers; an empty step is a silence. */
  readonly steps: number[][] = [];
  readonly arrays: (readonly LogEntry[])[] = [];
  readonly overs: unknown[] = [];
  isTaking = true;

  constructor(LogBook: typeof MemoryLogBook = MemoryLogBook) {
    this.logs = new LogBook({ clock: this.clock, retentionMs: 1e9, sizeBytesMax: 1_000_000 });
  }

  follow(after = 0) {
    const told = (entries: readonly LogEntry[]) => {
      this.steps.push(entries.map(({ sequence }) => sequence));
      this.arrays.push(entries);
      return this.isTaking;
    };
    const ears: FollowerOptions['ears'] = {
      entries: told,
      silence: () => told([]),
      over: (failure) => void this.overs.push(failure),
    };
    const follower = new Reader(this.logs, 'a', this.clock).follower({ after, silenceMs: SILENCE_MS, ears });
    follower.resume();
    return follower;
  }

  append(...records: LogRecord[]): void {
    for (const record of records) this.logs.append('a', record);
  }
}

describe('a follower of a log', () => {
  it.each([DONE, FAILED])(
    'is told what comes in the turn in which it comes, and that it is over after $kind',
    (end) => {
      const rig = new Rig();
      rig.append(text('one'));
      rig.follow();
      expect(rig.steps).toEqual([[1]]);
      rig.append(text('two'));
      rig.append(end);
      expect(rig.steps).toEqual([[1], [2], [3]]);
      expect(rig.overs).toEqual([undefined]);
      expect(rig.clock.timers).toBe(0);
    },
  );

  it('shares its steps with all who stand where it stands', () => {
    const rig = new Rig();
    rig.append(text('one'));
    for (let at = 0; at < 3; at += 1) rig.follow();
    rig.append(text('two'));
    expect(rig.steps).toEqual([[1], [1], [1], [2], [2], [2]]);
    expect(new Set(rig.arrays).size).toBe(2);
  });

  it.each([MemoryLogBook, SlowLogBook])(
    'gets all of a long log in bounded steps, from any position (%o)',
    async (LogBook) => {
      const rig = new Rig(LogBook);
      rig.append(...Array.from({ length: 600 }, () => text('x')), DONE);
      rig.follow(1);
      while (rig.overs.length === 0) await settled();
      expect(rig.steps.map(({ length }) => length)).toEqual([256, 256, 88]);
      expect(rig.steps.flat()).toEqual(Array.from({ length: 600 }, (_, at) => at + 2));
    },
  );

  it('misses nothing that comes while it reads what is not in memory', async () => {
    const rig = new Rig(SlowLogBook);
    rig.follow();
    for (let at = 0; at < 20; at += 1) {
      rig.append(text('x'));
      if (at % 3 === 0) await settled();
    }
    rig.append(DONE);
    while (rig.overs.length === 0) await settled();
    expect(rig.steps.flat()).toEqual(Array.from({ length: 21 }, (_, at) => at + 1));
  });

  it('is over where the log goes away while it reads', async () => {
    const rig = new Rig(SlowLogBook);
    rig.append(text('one'), FAILED);
    const { read } = rig.logs;
    let isFirst = true;
    rig.logs.read = async (...place) => {
      const entries = await read.apply(rig.logs, place);
      if (!isFirst) return entries;
      isFirst = false;
      // As it was before its end.
      rig.logs.forget('a');
      return entries?.slice(0, 1);
    };
    rig.follow();
    for (let at = 0; at < 5; at += 1) await settled();
    expect([rig.steps, rig.overs]).toEqual([[[1]], [undefined]]);
  });

  it.each([2, 99])('is over where the log ended before %i', async (after) => {
    const rig = new Rig();
    rig.append(text('one'), DONE);
    rig.follow(after);
    await settled();
    expect([rig.steps, rig.overs]).toEqual([[], [undefined]]);
  });

  it('waits for a log that has not begun, and goes on after an end that was none', async () => {
    const rig = new Rig();
    rig.follow();
    await settled();
    expect(rig.overs).toEqual([]);
    rig.append(text('one'));
    await settled();
    rig.append(FAILED, AGAIN);
    rig.append(text('two'), DONE);
    // The end was told to those who saw it as the last word.
    expect(rig.steps.flat()).toEqual([1, 2]);
    expect(rig.overs).toEqual([undefined]);
    rig.steps.length = 0;
    rig.follow();
    expect(rig.steps).toEqual([[1, 3, 4, 5]]);
  });

  it('costs the writer nothing while it takes nothing, and goes on where it was', () => {
    const rig = new Rig();
    rig.append(text('one'));
    rig.isTaking = false;
    const follower = rig.follow();
    let reads = 0;
    const held = rig.logs.held.bind(rig.logs);
    rig.logs.held = (...place) => {
      reads += 1;
      return held(...place);
    };
    rig.append(text('two'), text('three'));
    expect([rig.steps, reads, rig.clock.timers]).toEqual([[[1]], 0, 0]);
    rig.isTaking = true;
    follower.resume();
    expect(rig.steps).toEqual([[1], [2, 3]]);
  });

  it('tells of a silence, again and again, and of none while something comes', async () => {
    const rig = new Rig();
    rig.append(text('one'));
    rig.follow();
    rig.steps.length = 0;
    await rig.clock.advanceAsync(SILENCE_MS - 1);
    rig.append(text('two'));
    await rig.clock.advanceAsync(SILENCE_MS - 1);
    expect(rig.steps).toEqual([[2]]);
    await rig.clock.advanceAsync(1);
    await rig.clock.advanceAsync(SILENCE_MS);
    expect(rig.steps).toEqual([[2], [], []]);
  });

  it('is over where the log is not kept any more, and where it cannot be read, once', async () => {
    const forgotten = new Rig();
    forgotten.append(text('one'));
    forgotten.isTaking = false;
    const follower = forgotten.follow();
    forgotten.append(DONE);
    forgotten.logs.forget('a');
    follower.resume();
    await settled();
    expect([forgotten.steps, forgotten.overs]).toEqual([[[1]], [undefined]]);

    const broken = new Rig(SlowLogBook);
    broken.logs.read = () => Promise.reject(new Error('no disk'));
    broken.follow();
    await settled();
    broken.append(text('one'));
    await settled();
    expect(broken.overs).toEqual([new Error('no disk')]);
  });

  it('is told nothing after it was stopped, and leaves nothing behind', async () => {
    const rig = new Rig();
    rig.append(text('one'));
    const follower = rig.follow();
    follower.stop();
    rig.append(text('two'), DONE);
    await settled();
    expect([rig.steps, rig.overs, rig.clock.timers]).toEqual([[[1]], [], 0]);
  });
});
