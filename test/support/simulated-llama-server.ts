/** The simulated server as a process of its own, with the arguments that a supervisor gives to a llama-server. */
import { parseArgs } from 'node:util';
import { seededRandom } from '../../src/base/random.js';
import { runSimulation } from '../../src/engine/simulated/program.js';

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { host: text, port: text, model: { ...text, short: 'm' } }, strict: false });

process.exitCode = await runSimulation(
  {
    models: ['sim'],
    modelPath: 'sim.gguf',
    slots: 2,
    contextTokens: undefined,
    ttftMs: 1,
    tokenMs: 1,
    promptTokensPerSecond: undefined,
    loadMs: 0,
    seed: 1,
    faults: [],
    host: String(values.host),
    port: Number(values.port),
    apiKey: process.env.LLAMA_API_KEY,
  },
  { random: seededRandom(1), log: (line) => void process.stderr.write(`${line}\n`) },
);
