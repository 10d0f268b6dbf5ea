/** The yardstick; see `pipe.mjs`. A second one shows the noise: what two equal gateways differ by. */
import { fileURLToPath } from 'node:url';
import type { Gateway } from './gateway.js';

const SCRIPT = fileURLToPath(new URL('./pipe.mjs', import.meta.url));

export function pipe(name: string): Gateway {
  return {
    name,
    headers: () => [],
    prepare: async (_folder, { port, upstreamPort }) => ({
      command: process.execPath,
      args: [SCRIPT, String(port), String(upstreamPort)],
    }),
  };
}
