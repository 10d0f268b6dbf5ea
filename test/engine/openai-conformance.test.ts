import { createServer, request as requestHttp } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { seededRandom } from '../../src/base/random.js';
import type { EngineCall } from '../../src/engine/engine.js';
import { OpenAiEngine } from '../../src/engine/openai.js';
import { SimulatedServer } from '../../src/engine/simulated/simulated-server.js';
import { describeEngine } from '../conformance/engine.js';
import { settled } from '../support/manual-clock.js';

async function simulatedServer() {
  const calls: EngineCall[] = [];
  const server = new SimulatedServer(
    { models: ['sim'], slots: 2, ttftMs: 2, tokenMs: 1, seed: 1, host: '127.0.0.1', port: 0, loadMs: 0 },
    {
      clock: systemClock,
      random: seededRandom(1),
      log() {},
      onRequest: (call) => calls.push(call),
      process: { exit() {}, kill() {}, spawnGrandchild() {} },
    },
  );
  await server.start();
  const lastBody = () => calls.filter(({ method }) => method === 'POST').at(-1)?.body;
  return { server, lastBody };
}

/** In front of `url`, with nothing but its `/v1`: a server that shows no slots. */
async function onlyV1(url: string) {
  const server = createServer((request, response) => {
    if (!request.url?.startsWith('/v1/') && request.method === 'GET' && request.url !== '/health') {
      return void response.writeHead(404).end();
    }
    const { method, headers } = request;
    const sent = requestHttp(`${url}${request.url}`, { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    sent.on('error', () => response.destroy());
    response.on('close', () => sent.destroy());
    request.pipe(sent);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function openAiEngine(baseUrl: string, slots: number | undefined) {
  return new OpenAiEngine(
    { name: 'remote', baseUrl, apiKey: undefined, slots },
    { clock: systemClock, logger: silentLogger },
  );
}

describeEngine(
  'the engine for a server that turns out to be a llama-server',
  async () => {
    const { server } = await simulatedServer();
    const engine = openAiEngine(server.url, undefined);
    return {
      engine,
      until: (promise) => promise,
      async busySlots() {
        // The server is not ours: when we stop, it goes on, and notices after us.
        while (engine.status().state === 'stopped' && server.busySlots > 0) await settled();
        return server.busySlots;
      },
      close: () => server.stop(),
    };
  },
  { assemblesAnswers: true },
);

describeEngine(
  'the engine for any OpenAI-compatible server',
  async () => {
    const { server, lastBody } = await simulatedServer();
    const front = await onlyV1(server.url);
    return {
      engine: openAiEngine(`${front.url}/v1/`, 2),
      until: (promise) => promise,
      busySlots: () => server.busySlots,
      lastBody,
      async close() {
        front.server.close();
        front.server.closeAllConnections();
        await server.stop();
      },
    };
  },
  { freesLater: true },
);
