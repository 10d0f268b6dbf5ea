import { systemClock } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { OllamaEngine } from '../../src/engine/ollama.js';
import { describeEngine } from '../conformance/engine.js';
import { FakeOllama } from '../support/fake-ollama.js';
import { simulatedHttp } from '../support/simulated-http.js';

describeEngine(
  'the engine for an Ollama server',
  async () => {
    const { server, lastBody } = await simulatedHttp();
    const ollama = new FakeOllama({ models: ['sim:latest'], v1: server.url });
    await ollama.listen();
    return {
      engine: new OllamaEngine(
        { name: 'ollama', baseUrl: ollama.url, apiKey: undefined, slots: 2, timeoutMs: 60_000 },
        { clock: systemClock, logger: silentLogger },
      ),
      until: (promise) => promise,
      busySlots: () => server.busySlots,
      lastBody,
      async close() {
        await ollama.goAway();
        await server.stop();
      },
    };
  },
  { freesLater: true },
);
