import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { SocketClient } from '../../src/gateway/socket-client.js';
import { ManualClock } from '../support/manual-clock.js';

const MIB = 1024 * 1024;

/** A socket whose messages leave when told. */
class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  pings = 0;
  closedWith: number | undefined;
  readonly #sent: { sizeBytes: number; done: () => void }[] = [];

  send(message: Buffer, _options: object, done: () => void): void {
    this.bufferedAmount += message.length;
    this.#sent.push({ sizeBytes: message.length, done });
  }

  /** The oldest message leaves. */
  take(): void {
    const sent = this.#sent.shift();
    this.bufferedAmount -= sent?.sizeBytes ?? 0;
    sent?.done();
  }

  ping(): void {
    this.pings += 1;
  }

  close(code: number): void {
    this.closedWith = code;
    this.readyState = 2;
  }

  terminate(): void {
    this.readyState = 3;
    this.emit('close');
  }
}

function start() {
  const clock = new ManualClock();
  const socket = new FakeSocket();
  const told: string[] = [];
  const events = { onDrain: () => told.push('drain'), onClose: () => told.push('close') };
  const client = new SocketClient(socket as unknown as WebSocket, clock, events);
  return { clock, socket, told, client };
}

describe('a client', () => {
  it('is behind above a mebibyte, and tells once when it is not any more', () => {
    const { client, clock, socket, told } = start();
    client.send(Buffer.alloc(MIB));
    expect(client.isBehind()).toBe(false);
    client.send(Buffer.alloc(1));
    expect([client.isBehind(), client.isBehind(), client.pending]).toEqual([true, true, 2]);
    socket.take();
    expect([client.isBehind(), client.pending, told]).toEqual([false, 1, ['drain']]);
    socket.take();
    clock.advance(20_000);
    expect(told).toEqual(['drain']);
  });

  it('that was not asked whether it is behind tells nothing', () => {
    const { client, socket, told } = start();
    client.send(Buffer.alloc(2 * MIB));
    socket.take();
    expect(told).toEqual([]);
  });

  it('that is behind has a minute, also where no ping can reach it', () => {
    const { client, clock, told } = start();
    client.send(Buffer.alloc(2 * MIB));
    client.isBehind();
    clock.advance(59_999);
    expect(told).toEqual([]);
    clock.advance(1);
    expect(told).toEqual(['close']);
    expect(clock.timers).toBe(0);
  });

  it('that has caught up has a minute again the next time', () => {
    const { client, clock, socket, told } = start();
    for (let time = 0; time < 3; time += 1) {
      client.send(Buffer.alloc(2 * MIB));
      client.isBehind();
      clock.advance(40_000);
      socket.take();
      socket.emit('pong');
    }
    expect(told).toEqual(['drain', 'drain', 'drain']);
  });

  it('that answers its pings stays, and goes when it does not', () => {
    const { clock, socket, told } = start();
    for (let ping = 1; ping <= 5; ping += 1) {
      clock.advance(25_000);
      expect(socket.pings).toBe(ping);
      socket.emit('pong');
    }
    clock.advance(49_999);
    expect(told).toEqual([]);
    clock.advance(1);
    expect(told).toEqual(['close']);
  });

  it('that does not take its close frame is cut off', () => {
    const { client, clock, socket, told } = start();
    client.close(3008, 'slow');
    client.send(Buffer.alloc(1));
    expect([socket.closedWith, client.pending]).toEqual([3008, 0]);
    clock.advance(1_000);
    expect(told).toEqual(['close']);
    expect(clock.timers).toBe(0);
  });
});
