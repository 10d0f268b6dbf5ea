import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { connect, type OwnServerOptions } from '../../../src/cli/repl/own-server.js';
import type { ChatWish } from '../../../src/cli/repl/wish.js';
import { chatWish } from '../../../src/cli/repl/wish.js';
import { findFreePort } from '../../../src/engine/supervisor/port.js';
import { atEnd, endAll } from '../../support/ending.js';
import { makePlace } from '../../support/place.js';
import { startApp } from '../../support/start-app.js';

afterEach(endAll);

const SIMULATED = 'engines: [{kind: simulated, name: sim, models: [sim], ttft: 1ms, token_time: 1ms}]\n';

interface Setting {
  readonly wish?: Partial<ChatWish>;
  readonly offer?: (why: Error) => Promise<boolean>;
}

/** A server of our own is `own`; what it was asked to be is told. */
async function connected({ wish = {}, offer }: Setting, own: string, place = makePlace()) {
  const started: Pick<OwnServerOptions, 'model' | 'port'>[] = [];
  const stopped: string[] = [];
  const all = {
    ...chatWish({}, { server: `http://127.0.0.1:${await findFreePort()}`, isServerNamed: false, apiKey: undefined }),
    ...wish,
  };
  const connection = await connect(all, {
    around: place,
    signal: new AbortController().signal,
    onStarting: () => {},
    offer,
    start: async ({ model, port }) => {
      started.push({ model, port });
      return { url: own, apiKey: undefined, notes: [], stop: async () => void stopped.push(own) };
    },
  }).catch((error: unknown) => error as Error);
  return { connection, started, stopped, place, wish: all };
}

describe('a chat', () => {
  it('takes the server that is there', async () => {
    const { url } = await startApp(SIMULATED);
    const { connection, started } = await connected({ wish: { server: url, serves: true, model: 'sim' } }, url);
    expect(connection).toMatchObject({ server: { baseUrl: url }, own: undefined, model: 'sim' });
    expect(started).toEqual([]);
  });

  it('starts one where none is, if that was asked for or agreed to, at the address where it was looked for', async () => {
    const { url } = await startApp(SIMULATED);
    const asked: string[] = [];
    const offer = async (why: Error) => asked.push(why.message) > 0;
    for (const setting of [{ wish: { serves: true } }, { offer }]) {
      const { connection, started, wish } = await connected(setting, url);
      expect(connection).toMatchObject({ server: { baseUrl: url }, own: { url } });
      expect(started).toEqual([{ model: undefined, port: Number(new URL(wish.server).port) }]);
    }
    expect(asked).toEqual([expect.stringContaining('no gollama server answers')]);
  });

  it('says what could be done where none is', async () => {
    const refused = await connected({ offer: async () => false }, '');
    expect(refused.connection).toMatchObject({ code: 'unreachable', hint: expect.stringContaining('chat --serve') });
    expect(refused.started).toEqual([]);
  });

  it('says what is wrong with what is there, which a server of its own would not mend', async () => {
    const other = createServer((_, response) => void response.end('<html></html>'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    atEnd(() => {
      other.closeAllConnections();
      other.close();
    });
    const server = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const { connection } = await connected({ wish: { server } }, '');
    expect(connection).toMatchObject({ code: 'unreachable', hint: expect.stringContaining('another program') });
  });

  it('does not offer to start one in the place of one that is elsewhere', async () => {
    const offer = () => Promise.reject(new Error('was asked'));
    const wish = { server: 'http://gollama.invalid:8081' };
    const { connection } = await connected({ wish, offer }, '');
    expect(connection).toMatchObject({ code: 'unreachable', hint: expect.not.stringContaining('chat --serve') });
  });

  it('loads a file that is a model in a server of its own, also beside one that is there', async () => {
    const { url } = await startApp(SIMULATED);
    const place = makePlace();
    const file = place.write('models/tiny', 'GGUF...');
    const { connection, started } = await connected({ wish: { server: url, model: 'models/tiny' } }, url, place);
    expect(started).toEqual([{ model: file, port: Number(new URL(url).port) }]);
    expect(connection).toMatchObject({ own: { url }, model: undefined });
  });

  it('takes what is no model file for a name, and any name for a model of a server that was named', async () => {
    const { url } = await startApp(SIMULATED);
    const place = makePlace();
    place.write('sim', 'not a model');
    place.write('real.gguf', 'GGUF');
    const named = await connected({ wish: { server: url, model: 'sim' } }, url, place);
    expect([named.started, named.connection]).toMatchObject([[], { model: 'sim' }]);
    const other = await connected({ wish: { server: url, model: 'real.gguf', isServerNamed: true } }, url, place);
    expect([other.started, other.connection]).toMatchObject([[], { model: 'real.gguf' }]);
  });

  it('says which file is meant', async () => {
    const place = makePlace();
    place.write('tiny.gguf', 'GGUF');
    place.write('text.gguf', 'hello');
    const gone = await connected({ wish: { model: 'tny.gguf' } }, '', place);
    expect(gone.connection).toMatchObject({ code: 'not_found', hint: 'in that folder: text.gguf, tiny.gguf' });
    const text = await connected({ wish: { model: 'text.gguf' } }, '', place);
    expect(text.connection).toMatchObject({ code: 'usage', message: expect.stringContaining('no model file') });
  });

  it('ends the server of its own where it does not answer', async () => {
    const server = createServer((_, response) => response.writeHead(500).end('no')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    atEnd(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { connection, stopped } = await connected({ wish: { serves: true } }, url);
    expect(connection).toMatchObject({ code: 'unreachable' });
    expect(stopped).toEqual([url]);
  });
});
