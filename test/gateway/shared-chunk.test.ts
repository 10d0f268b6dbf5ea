import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { chunkOf, writeShared } from '../../src/gateway/shared-chunk.js';
import { atEnd, endAll } from '../support/ending.js';
import { open } from '../support/http.js';

afterEach(endAll);

/** A server whose requests the test answers, by their path. */
async function start() {
  const responses = new Map<string, ServerResponse>();
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    responses.set(request.url ?? '', response);
    for (const wake of waiting) wake();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const asked = async (path: string): Promise<ServerResponse> => {
    for (;;) {
      const response = responses.get(path);
      if (response) return response;
      await new Promise<void>((resolve) => waiting.add(resolve));
    }
  };
  return { port, url: `http://127.0.0.1:${port}`, asked };
}

/** Sends that and resolves with all that comes, as soon as the connection is closed. */
function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1', () => socket.write(text));
  let told = '';
  socket.on('data', (part) => {
    told += part;
  });
  return once(socket, 'close').then(() => told);
}

const PIECES = ['retry', 'é\n', 'x'.repeat(300), '模型', 'y'.repeat(40_000), 'end'].map(chunkOf);
const WHOLE = PIECES.map(({ bytes }) => String(bytes)).join('');

describe('a piece that is shared by many answers', () => {
  it('is framed as the protocol has it', () => {
    const { bytes, framed } = chunkOf('é模');
    expect(String(framed)).toBe('5\r\né模\r\n');
    expect(String(bytes)).toBe('é模');
  });

  it('comes between the pieces of the response itself, in order, and the answer ends well', async () => {
    const { url, asked } = await start();
    const opening = open(`${url}/a`);
    const response = await asked('/a');
    response.writeHead(200);
    response.write('[');
    for (const piece of PIECES) writeShared(response, piece);
    response.write('|');
    for (const piece of PIECES) writeShared(response, piece);
    response.end(']');
    const answer = await opening;
    expect(await answer.ended).toBe('complete');
    expect(answer.text).toBe(`[${WHOLE}|${WHOLE}]`);
  });

  it('waits where the answer waits behind another one on its connection', async () => {
    const { port, asked } = await start();
    const told = exchange(
      port,
      'GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    );
    const [first, second] = [await asked('/a'), await asked('/b')];
    second.writeHead(200);
    second.flushHeaders();
    writeShared(second, chunkOf('second'));
    first.writeHead(200);
    first.flushHeaders();
    writeShared(first, chunkOf('first'));
    first.end();
    writeShared(second, chunkOf('third'));
    second.end();
    const bodies = (await told).split('\r\n\r\n').slice(1).join('|');
    expect(bodies).toMatch(/^5\r\nfirst\r\n0\|HTTP[^|]*\|6\r\nsecond\r\n5\r\nthird\r\n0\|$/);
  });

  it('has no frame for clients that know none', async () => {
    const { port, asked } = await start();
    const told = exchange(port, 'GET /a HTTP/1.0\r\n\r\n');
    const response = await asked('/a');
    response.writeHead(200);
    response.flushHeaders();
    for (const piece of PIECES) writeShared(response, piece);
    response.end();
    expect((await told).split('\r\n\r\n')[1]).toBe(WHOLE);
  });

  it('says that a client is behind as the response does, and when it has caught up', async () => {
    const { port, asked } = await start();
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /a HTTP/1.1\r\nHost: a\r\n\r\n'));
    atEnd(() => socket.destroy());
    socket.pause();
    const response = await asked('/a');
    response.writeHead(200);
    response.flushHeaders();
    const piece = chunkOf('x'.repeat(10_000));
    while (writeShared(response, piece));
    expect(response.writableNeedDrain).toBe(true);
    const drained = once(response, 'drain');
    socket.resume();
    await drained;
    expect(writeShared(response, chunkOf('more'))).toBe(true);
  });
});
