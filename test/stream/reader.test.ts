import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { MemoryLogBook } from '../../src/stream/memory-log.js';
import { Reader } from '../../src/stream/reader.js';
import type { LogEntry, LogRecord } from '../../src/stream/record.js';
import { ManualClock, settled } from '../support/manual-clock.js';

const DONE: LogRecord = { kind: 'done', status: 'completed', usage: undefined };
const FAILED: LogRecord = { kind: 'error', message: 'boom', code: 'engine_error' };
const AGAIN: LogRecord = { kind: 'restart', attempt: 2 };
const text = (words: string): LogRecord => ({ kind: 'text', text: words });
const SILENCE_MS = 15_000;

/** A task that failed is tried again while somebody reads of its failure. */
class RevivedLogBook extends MemoryLogBook {
  #isRead = false;

  /** As if nothing were in memory, but for the read below. */
  override held(id: string, after: number, limit: number): readonly LogEntry[] | undefined {
    return this.#isRead ? super.held(id, after, limit) : undefined;
  }

  override async read(id: string, after: number, limit: number): Promise<readonly LogEntry[] | undefined> {
    this.#isRead = true;
    const entries = await super.read(id, after, limit);
    this.#isRead = false;
    if (this.last(id) === 1) this.append(id, AGAIN);
    return entries;
  }
}

class Rig {
  readonly clock = new ManualClock();
  readonly logs: MemoryLogBook;
  readonly reader: Reader;
  readonly leave = new AbortController();
  /** The steps so far, as sequence numbers. */
  readonly steps: number[][] = [];
  readonly records: LogRecord[] = [];
  ended = false;

  constructor(sizeBytesMax = 1_000_000, LogBook: typeof MemoryLogBook = MemoryLogBook) {
    this.logs = new LogBook({ clock: this.clock, retentionMs: 1e9, sizeBytesMax });
    this.reader = new Reader(this.logs, 'a', this.clock);
  }

  /** Reads on its own, at the pace of `between`. */
  read(after = 0, between: () => Promise<void> = async () => {}): Promise<void> {
    const run = async () => {
      for await (const entries of this.reader.read(after, this.leave.signal, SILENCE_MS)) {
        this.#take(entries);
        await between();
      }
      this.ended = true;
    };
    return run();
  }

  async append(...records: LogRecord[]): Promise<void> {
    for (const record of records) this.logs.append('a', record);
    await settled();
  }

  #take(entries: readonly LogEntry[]): void {
    this.steps.push(entries.map(({ sequence }) => sequence));
    this.records.push(...entries.map(({ record }) => record));
  }
}

describe('a reader of a log', () => {
  it.each([DONE, FAILED])('gets everything in order and ends after $kind', async (end) => {
    const rig = new Rig();
    const reading = rig.read();
    await rig.append(text('one'));
    await rig.append(text('two'), text('three'));
    expect(rig.steps).toEqual([[1], [2, 3]]);
    expect(rig.ended).toBe(false);
    await rig.append(end);
    await reading;
    expect(rig.records).toEqual([text('one'), text('two'), text('three'), end]);
  });

  it('waits for a log that has not begun', async () => {
    const rig = new Rig();
    const reading = rig.read();
    await settled();
    expect(rig.reader.last).toBe(0);
    await rig.append(DONE);
    await reading;
    expect(rig.steps).toEqual([[1]]);
  });

  it.each([
    { after: 0, expected: [1, 2, 3] },
    { after: 2, expected: [3] },
  ])('goes on after $after', async ({ after, expected }) => {
    const rig = new Rig();
    await rig.append(text('one'), text('two'), DONE);
    await rig.read(after);
    expect(rig.steps).toEqual([expected]);
  });

  it.each([3, 4, 99])('ends at once where the log ended before %i', async (after) => {
    const rig = new Rig();
    await rig.append(text('one'), text('two'), DONE);
    await rig.read(after);
    expect(rig.steps).toEqual([]);
  });

  it('reads a long log in steps that are bounded', async () => {
    const rig = new Rig();
    await rig.append(...Array.from({ length: 600 }, () => text('x')), DONE);
    await rig.read();
    expect(rig.steps.map(({ length }) => length)).toEqual([256, 256, 89]);
    expect(rig.steps.flat()).toEqual(Array.from({ length: 601 }, (_, index) => index + 1));
  });

  it('misses nothing that came while it was busy', async () => {
    const rig = new Rig();
    let go = () => {};
    const reading = rig.read(0, () => new Promise((resolve) => (go = resolve)));
    await rig.append(text('one'));
    await rig.append(text('two'));
    await rig.append(text('three'), DONE);
    expect(rig.steps).toEqual([[1]]);
    go();
    await settled();
    expect(rig.steps).toEqual([[1], [2, 3, 4]]);
    go();
    await reading;
  });

  it('is woken by one record at most before it looks again, so that a stalled one costs the writer nothing', async () => {
    const rig = new Rig();
    let wakings = 0;
    const watch = rig.logs.watch.bind(rig.logs);
    rig.logs.watch = (id, listener) =>
      watch(id, () => {
        wakings += 1;
        listener();
      });
    let go = () => {};
    const reading = rig.read(0, () => new Promise((resolve) => (go = resolve)));
    await rig.append(text('one'));
    wakings = 0;
    await rig.append(text('two'), text('three'), text('four'));
    expect(wakings).toBeLessThanOrEqual(1);
    await rig.append(text('five'), DONE);
    expect(wakings).toBeLessThanOrEqual(1);
    go();
    await settled();
    expect(rig.steps).toEqual([[1], [2, 3, 4, 5, 6]]);
    go();
    await reading;
  });

  it('hears nothing of an end that was not the last word', async () => {
    const rig = new Rig();
    await rig.append(text('one'), FAILED, AGAIN, text('two'), DONE);
    await rig.read();
    expect(rig.records).toEqual([text('one'), AGAIN, text('two'), DONE]);
  });

  it('is not told of silence where it read an end that is none any more', async () => {
    const rig = new Rig(1_000_000, RevivedLogBook);
    await rig.append(FAILED);
    const reading = rig.read();
    await settled();
    await rig.append(DONE);
    await reading;
    expect(rig.records).toEqual([AGAIN, DONE]);
    expect(rig.steps.filter((step) => step.length === 0)).toEqual([]);
  });

  it('ends with the end that it told, also where the task is tried again before it asks for more', async () => {
    const rig = new Rig();
    const reading = rig.read(0, () => rig.append(AGAIN));
    await rig.append(text('one'), FAILED);
    await reading;
    expect(rig.records).toEqual([text('one'), FAILED]);
  });

  it('tells of silence with an empty step, each time it lasted so long', async () => {
    const rig = new Rig();
    const reading = rig.read();
    await rig.clock.advanceAsync(SILENCE_MS - 1);
    expect(rig.steps).toEqual([]);
    await rig.clock.advanceAsync(1);
    expect(rig.steps).toEqual([[]]);
    await rig.append(text('one'));
    await rig.clock.advanceAsync(SILENCE_MS - 1);
    expect(rig.steps).toEqual([[], [1]]);
    await rig.clock.advanceAsync(1);
    expect(rig.steps).toEqual([[], [1], []]);
    await rig.append(DONE);
    await reading;
  });

  it('ends when its signal aborts, and leaves no timer, no listener and no watcher', async () => {
    const rig = new Rig();
    const reading = rig.read();
    await settled();
    rig.leave.abort();
    await reading;
    expect(rig.clock.timers).toBe(0);
    expect(getEventListeners(rig.leave.signal, 'abort')).toEqual([]);
    await rig.append(text('one'));
    expect(rig.steps).toEqual([]);
  });

  it('leaves nothing behind at the end of the log either', async () => {
    const rig = new Rig();
    const reading = rig.read();
    await rig.append(text('one'));
    await rig.append(DONE);
    await reading;
    expect(rig.clock.timers).toBe(0);
    expect(getEventListeners(rig.leave.signal, 'abort')).toEqual([]);
  });

  it('reads nothing where its signal had aborted before', async () => {
    const rig = new Rig();
    await rig.append(text('one'));
    rig.leave.abort();
    await rig.read();
    expect(rig.steps).toEqual([]);
  });

  it('ends when the log is not kept any more', async () => {
    const rig = new Rig(150);
    let go = () => {};
    const reading = rig.read(0, () => new Promise((resolve) => (go = resolve)));
    await rig.append(text('one'));
    await rig.append(DONE);
    rig.logs.append('other', DONE);
    expect(rig.reader.last).toBe(0);
    go();
    await reading;
    expect(rig.steps).toEqual([[1]]);
  });

  it('shows whether the last record ends the log', async () => {
    const rig = new Rig();
    expect(await rig.reader.ended()).toBe(false);
    await rig.append(text('one'));
    expect(await rig.reader.ended()).toBe(false);
    await rig.append(DONE);
    expect(await rig.reader.ended()).toBe(true);
    await rig.append(AGAIN);
    expect(await rig.reader.ended()).toBe(false);
    expect(rig.reader.last).toBe(3);
  });
});
