/** The yardstick; see `pipe.mjs`. A second one shows the noise: what two equal gateways differ by. */
import type { Gateway } from './gateway.js';

export function pipe(name: string, script: string): Gateway {
  return {
    name,
    headers: () => [],
    prepare: async (_folder, { port, upstreamPort }) => ({
      command: process.execPath,
      args: [script, String(port), String(upstreamPort)],
    }),
  };
}
