import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { OpenAiEngine } from '../../src/engine/openai.js';
import { describeEngine } from '../conformance/engine.js';
import { settled } from '../support/manual-clock.js';
import { passOn } from '../support/passing-on.js';
import { simulatedHttp } from '../support/simulated-http.js';

/** In front of `url`, with nothing but its `/v1`: a server that shows no slots. */
async function onlyV1(url: string) {
  const server = createServer((request, response) => {
    if (!request.url?.startsWith('/v1/') && request.method === 'GET' && request.url !== '/health') {
      return void response.writeHead(404).end();
    }
    passOn(url, request, response);
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
    const { server } = await simulatedHttp();
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
    const { server, lastBody } = await simulatedHttp();
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
