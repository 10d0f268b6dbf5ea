import { describe, expect, it } from 'vitest';
import { GollamaError } from '../../../src/base/errors.js';
import { silentLogger } from '../../../src/base/logger.js';
import { commitDelayMs } from '../../../src/stream/sqlite/commit-pace.js';
import { Committer } from '../../../src/stream/sqlite/committer.js';
import { LOG_TABLE_LIMITS, LogTable } from '../../../src/stream/sqlite/log-table.js';
import type { Commit } from '../../../src/stream/sqlite/messages.js';
import { text } from '../../conformance/stream-log.js';
import { ManualClock, settled } from '../../support/manual-clock.js';

function rig() {
  const clock = new ManualClock();
  const table = new LogTable({ ...LOG_TABLE_LIMITS, shelf: { keepMs: 1_000, countMax: 9, sizeBytesMax: 1_000_000 } });
  const written: Commit[] = [];
  const news: string[] = [];
  const disk = { isFull: false };
  const committer = new Committer({
    table,
    clock,
    logger: silentLogger,
    write: async (commit) => {
      if (disk.isFull) throw new GollamaError('storage_full', 'there is no room');
      written.push(commit);
    },
    onNews: (ids) => news.push(...ids),
  });
  const append = async (id: string, value: string) => {
    table.append(id, text(value), clock.epoch());
    committer.schedule();
    await settled();
    await settled();
  };
  return { clock, table, written, news, disk, committer, append };
}

describe('commits of logs', () => {
  it('begin at once after a quiet time, and then share what comes within 20 ms', async () => {
    const { clock, written, append, news } = rig();
    await append('a', '1');
    expect(written).toHaveLength(1);
    await append('a', '2');
    await append('b', '3');
    expect(written).toHaveLength(1);
    await clock.advanceAsync(19);
    expect(written).toHaveLength(1);
    await clock.advanceAsync(1);
    expect(JSON.parse(written[1]?.journal ?? '')).toHaveLength(2);
    expect(news).toEqual(['a', 'a', 'b']);
  });

  it('do not wait with much to write', async () => {
    expect(commitDelayMs({ sinceLastMs: 1, isFailing: false, waitingBytes: 10 })).toBe(19);
    expect(commitDelayMs({ sinceLastMs: 1, isFailing: false, waitingBytes: 10_000_000 })).toBe(0);
    expect(commitDelayMs({ sinceLastMs: 1, isFailing: true, waitingBytes: 10_000_000 })).toBe(999);
    const { written, append } = rig();
    await append('a', '1');
    await append('a', 'x'.repeat(1_000_000));
    expect(written).toHaveLength(2);
  });

  it('are tried again where they have failed, with all that came meanwhile', async () => {
    const { clock, table, written, disk, append } = rig();
    disk.isFull = true;
    await append('a', '1');
    await append('a', '2');
    await clock.advanceAsync(5_000);
    expect(written).toHaveLength(0);
    expect(table.live('a')?.visible).toBe(0);
    disk.isFull = false;
    await clock.advanceAsync(1_000);
    expect(table.live('a')?.visible).toBe(2);
    expect(written).toHaveLength(1);
  });

  it('are finished before it closes, and given up where the disk takes none', async () => {
    const { table, committer, append, disk, written } = rig();
    await append('a', '1');
    await append('a', '2');
    await committer.close();
    expect([table.live('a')?.visible, written.length]).toEqual([2, 2]);
    const other = rig();
    other.disk.isFull = true;
    await other.append('a', '1');
    await other.committer.close();
    expect(other.written).toHaveLength(0);
    expect(disk.isFull).toBe(false);
  });

  it('are waited for', async () => {
    const { committer, append, table, clock } = rig();
    await committer.idle();
    await append('a', '1');
    await append('a', '2');
    const idle = committer.idle();
    await clock.advanceAsync(20);
    await idle;
    expect(table.waitingBytes).toBe(0);
  });
});
