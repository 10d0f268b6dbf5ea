import { describe, expect, it } from 'vitest';
import type { SocketClient } from '../../src/gateway/socket-client.js';
import { TaskEventFeed } from '../../src/gateway/task-event-feed.js';
import type { TaskEventName } from '../../src/protocol/task.js';
import type { TaskEvent } from '../../src/tasks/task-events.js';
import { ManualClock } from '../support/manual-clock.js';

const ADMIN = { name: 'root', admin: true, maxPriority: undefined };

/** A client that takes events when told. */
class FakeClient {
  pending = 0;
  sent = 0;
  closedWith: [number, string] | undefined;

  send(): void {
    this.sent += 1;
    this.pending += 1;
  }

  close(code: number, reason: string): void {
    this.closedWith = [code, reason];
  }
}

function event(name: TaskEventName, owner = 'somebody'): TaskEvent {
  const report = { seq: 1, event: name, task_id: 't', status: 'pending', timestamp: '' } as const;
  return { report, task: { owner } as TaskEvent['task'] };
}

function start() {
  const clock = new ManualClock();
  const feed = new TaskEventFeed(clock);
  const client = new FakeClient();
  feed.add(client as unknown as SocketClient, ADMIN, new Set());
  const tell = (count: number) => {
    for (let at = 0; at < count; at += 1) feed.tell(event('task_submitted'));
  };
  return { clock, feed, client, tell };
}

describe('a client that is behind', () => {
  it('by 1,000 events may stay so', () => {
    const { clock, client, tell } = start();
    tell(1_000);
    clock.advance(60_000);
    expect(client.closedWith).toBeUndefined();
  });

  it('by more has a second to catch up', () => {
    const { clock, client, tell } = start();
    tell(10_000);
    clock.advance(999);
    client.pending = 1_000;
    clock.advance(1);
    expect(client.closedWith).toBeUndefined();
    tell(1);
    clock.advance(999);
    expect(client.closedWith).toBeUndefined();
    clock.advance(1);
    expect(client.closedWith).toEqual([3008, 'slow']);
  });

  it('by more than can be held is closed at once, and gets nothing more', () => {
    const { clock, client, tell } = start();
    tell(25_001);
    expect(client.closedWith).toEqual([3008, 'slow']);
    tell(1);
    expect(client.sent).toBe(25_001);
    expect(clock.timers).toBe(0);
  });

  it('and leaves is forgotten', () => {
    const { clock, feed, client, tell } = start();
    tell(1_001);
    feed.remove(client as unknown as SocketClient);
    expect(clock.timers).toBe(0);
    tell(1);
    expect(client.sent).toBe(1_001);
  });
});

describe('an event', () => {
  it('without a name outside is told to nobody', () => {
    const { feed, client } = start();
    feed.tell({ ...event('task_submitted'), report: undefined });
    expect(client.sent).toBe(0);
  });
});
