import { systemClock } from '../../src/base/clock.js';
import { seededRandom } from '../../src/base/random.js';
import type { EngineCall } from '../../src/engine/engine.js';
import { SimulatedServer } from '../../src/engine/simulated/simulated-server.js';

/** A simulated llama-server with two slots in this process, behind real HTTP. */
export async function simulatedHttp() {
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
