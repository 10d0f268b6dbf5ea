import { describe, expect, it } from 'vitest';
import { Metrics } from '../../src/base/metrics.js';

describe('the metrics', () => {
  it('of two servers in one process do not know of each other', async () => {
    const [one, two] = [new Metrics(), new Metrics()];
    one.attempts.inc({ engine: 'a' });
    expect(await two.registry.metrics()).not.toContain('engine="a"');
  });

  it('ask for what they observe when somebody reads them, and forget what is gone', async () => {
    const metrics = new Metrics();
    const depths = new Map([['a', 1]]);
    metrics.observe('gollama_depth', 'Depth', ['queue'], (set) => {
      for (const [queue, depth] of depths) set({ queue }, depth);
    });
    expect(await metrics.registry.metrics()).toContain('gollama_depth{queue="a"} 1');
    depths.clear();
    depths.set('b', 2);
    const text = await metrics.registry.metrics();
    expect(text).toContain('gollama_depth{queue="b"} 2');
    expect(text).not.toContain('queue="a"');
  });

  it('have names with their unit', async () => {
    const { registry } = new Metrics();
    const names = (await registry.getMetricsAsJSON()).map(({ name }) => name);
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) expect(name).toMatch(/^gollama_\w+_(total|seconds)$/);
  });
});
