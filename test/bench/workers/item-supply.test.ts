import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { WorkItem } from '../../../bench/plan.js';
import { ItemStock, supply } from '../../../bench/workers/item-supply.js';

describe('the supply of work', () => {
  it('is asked for once at the start, and answered with what there is', async () => {
    const { port1, port2 } = new MessageChannel();
    const deliveries = new SharedArrayBuffer(4);
    supply({ port: port1, deliveries }, (index) => (index < 3 ? work(index) : undefined), fail);
    const stock = new ItemStock({ port: port2, deliveries });
    // In one thread nobody would answer a stock that waits: the delivery has to be there.
    while (Atomics.load(new Int32Array(deliveries), 0) === 0) await new Promise((resolve) => setImmediate(resolve));
    expect([0, 1, 2, 3, 4].map((index) => stock.item(index)?.maxTokens)).toEqual([0, 1, 2, undefined, undefined]);
    port1.close();
  });

  it('tells what making work threw, and ends the work', async () => {
    const { port1, port2 } = new MessageChannel();
    const deliveries = new SharedArrayBuffer(4);
    const thrown = new Promise((resolve) => {
      supply({ port: port1, deliveries }, () => fail(new Error('no more prompts')), resolve);
    });
    const stock = new ItemStock({ port: port2, deliveries });
    expect(await thrown).toEqual(new Error('no more prompts'));
    expect(stock.item(0)).toBeUndefined();
    port1.close();
  });
});

function work(index: number): WorkItem {
  return { messages: [], maxTokens: index };
}

function fail(thrown: unknown): never {
  throw thrown;
}
