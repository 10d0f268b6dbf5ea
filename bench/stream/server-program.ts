/** A server and its producers, in a process of their own. Ends with its parent. */
import { startBareServer } from './bare-server.js';
import { startGollamaServer } from './gollama-server.js';
import type { Address, ServerOrder, ServerSetup } from './measurement.js';
import { answerOrders } from './orders.js';
import { Producers } from './producers.js';

let producers: Producers | undefined;

answerOrders(async (order: ServerOrder | ServerSetup) => {
  if (!('kind' in order)) return start(order);
  if (!producers) throw new Error('the server is not started');
  return producers.obey(order);
});

async function start({ contestant, producers: count, folder }: ServerSetup): Promise<Address> {
  const inMemory = contestant.endsWith('-memory');
  const server = await (contestant === 'bare'
    ? startBareServer(count)
    : startGollamaServer(count, inMemory ? undefined : folder));
  producers = new Producers(server);
  return { port: server.port, channels: server.channels };
}
