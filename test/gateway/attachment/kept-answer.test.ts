import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { KeptAnswer } from '../../../src/gateway/attachment/kept-answer.js';
import { ManualClock, settled } from '../../support/manual-clock.js';

/** A client that takes nothing while it is `full`. */
class FakeClient extends EventEmitter {
  readonly got: string[] = [];
  readonly socket = { destroy: () => this.got.push('socket destroyed') };
  readonly req = { socket: this.socket };
  full = false;
  headersSent = false;
  destroyed = false;
  writableFinished = true;

  get writableNeedDrain(): boolean {
    return this.full;
  }

  writeHead(status: number, headers: Record<string, string>): void {
    this.headersSent = true;
    this.got.push(`${status} ${JSON.stringify(headers)}`);
  }

  flushHeaders(): void {}

  write(bytes: Buffer): boolean {
    this.got.push(bytes.toString());
    return !this.full;
  }

  end(last?: Buffer): void {
    if (last) this.got.push(last.toString());
    this.got.push('end');
  }

  destroy(): void {
    this.destroyed = true;
    this.got.push('destroyed');
    this.emit('close');
  }

  drain(): void {
    this.full = false;
    this.emit('drain');
  }
}

const SIGNAL = new AbortController().signal;

function kept(keeps: boolean, sizeBytesMax = 100) {
  const clock = new ManualClock();
  const answer = new KeptAnswer({ clock, keeps, sizeBytesMax });
  const drains: number[] = [];
  answer.on('drain', () => drains.push(1));
  const attach = (headers: Record<string, string> = {}): FakeClient => {
    const client = new FakeClient();
    answer.attach(client as unknown as ServerResponse, headers, SIGNAL);
    return client;
  };
  return { clock, answer, drains, attach };
}

describe('an answer that is passed on', () => {
  it('holds nothing, and has the pace of its client', async () => {
    const { answer, drains, attach } = kept(false);
    const client = attach();
    answer.writeHead(200, { a: '1' });
    expect(answer.write(Buffer.from('x'))).toBe(true);
    client.full = true;
    expect(answer.write(Buffer.from('y'))).toBe(false);
    expect([answer.writableNeedDrain, answer.sizeBytes, drains.length]).toEqual([true, 0, 0]);
    client.drain();
    await settled();
    expect(drains.length).toBeGreaterThan(0);
    answer.end(Buffer.from('z'));
    expect(client.got).toEqual(['200 {"a":"1"}', 'x', 'y', 'z', 'end']);
  });

  it('is broken off where it is broken off', () => {
    const { answer, attach } = kept(false);
    const client = attach();
    answer.writeHead(200, {});
    answer.destroy();
    expect([client.destroyed, answer.isGood, answer.destroyed]).toEqual([true, false, true]);
  });
});

describe('an answer that is kept', () => {
  it('is given whole to whoever comes, at any time, with their own fields', () => {
    const { answer, attach } = kept(true);
    const one = attach({ id: '1' });
    answer.writeHead(200, { id: '0', a: '1' });
    answer.write(Buffer.from('x'));
    const two = attach({ id: '2' });
    answer.end(Buffer.from('y'));
    const three = attach({ id: '3' });
    expect(one.got).toEqual(['200 {"id":"1","a":"1"}', 'x', 'y', 'end']);
    expect(two.got).toEqual(['200 {"id":"2","a":"1"}', 'x', 'y', 'end']);
    expect(three.got).toEqual(['200 {"id":"3","a":"1"}', 'x', 'y', 'end']);
    expect([answer.isGood, answer.sizeBytes]).toEqual([true, 2]);
  });

  it('waits for no slow client, who is given up after a minute', async () => {
    const { answer, attach, clock } = kept(true);
    const client = attach();
    client.full = true;
    answer.writeHead(200, {});
    expect(answer.write(Buffer.from('x'))).toBe(true);
    await clock.advanceAsync(60_000);
    expect(client.got).toContain('socket destroyed');
  });

  it('is not kept any more where it is too large; who is there gets all of it', () => {
    const { answer, attach } = kept(true, 2);
    const client = attach();
    answer.writeHead(200, {});
    for (const part of ['aa', 'b', 'c']) answer.write(Buffer.from(part));
    answer.end();
    expect(client.got).toEqual(['200 {}', 'aa', 'b', 'c', 'end']);
    expect([answer.isWhole, answer.sizeBytes]).toEqual([false, 0]);
  });

  it.each<[string, number, string, boolean]>([
    ['a good one', 200, '{"choices":[]}', true],
    ['an error by its status', 502, '{"error":{}}', false],
    ['a stream that ended with an error', 200, 'data: {"error":{"message":"x"}}\n\n', false],
  ])('knows of %s whether it is worth to be given again', (_what, status, text, isGood) => {
    const { answer } = kept(true);
    answer.writeHead(status, {});
    answer.end(Buffer.from(text));
    expect(answer.isGood).toBe(isGood);
  });
});
