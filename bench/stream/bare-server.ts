/** The yardstick: what one writes with `ws` for many readers, in the frames that gollama sends. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { StreamServer } from './stream-server.js';

/** As long as the ids of tasks. */
const channelOf = (at: number) => `task-${String(at).padStart(16, '0')}`;

/** A reader follows the channel of its turn. */
export async function startBareServer(producers: number): Promise<StreamServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const rooms = Array.from({ length: producers }, () => new Set<import('ws').WebSocket>());
  const offsets = new Array<number>(producers).fill(1);
  let turn = 0;
  server.on('connection', (socket) => {
    const room = rooms[turn++ % producers];
    room?.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => room?.delete(socket));
  });
  const channels = rooms.map((_, at) => channelOf(at));
  return {
    port: (server.address() as AddressInfo).port,
    channels,
    append: (at, text) => {
      const offset = (offsets[at] ?? 0) + 1;
      offsets[at] = offset;
      const pub = { data: { type: 'chunk', message: text }, offset };
      const frame = Buffer.from(JSON.stringify({ push: { channel: channels[at], pub } }));
      for (const socket of rooms[at] ?? []) {
        if (socket.readyState === socket.OPEN) socket.send(frame, { binary: false });
      }
      return true;
    },
    drained: () => Promise.resolve(),
    onRead: () => () => {},
  };
}
