import { describe, expect, it } from 'vitest';
import { GollamaError } from '../../src/base/errors.js';
import { Metrics } from '../../src/base/metrics.js';
import { RequestRecord } from '../../src/gateway/request-record.js';
import type { Grant } from '../../src/queue/dispatcher.js';
import { ManualClock } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { ScriptedEngine } from '../support/scripted-engine.js';

const SUBJECT = {
  id: 'r1',
  caller: 'somebody',
  method: 'POST',
  path: '/v1/chat/completions',
  model: 'm',
  stream: false,
  priority: 5,
};
const NOTHING = { status: 200, error: undefined, usage: undefined, firstByteAtMs: undefined };

function make(subject: Partial<typeof SUBJECT> = {}) {
  const clock = new ManualClock();
  const { logger, lines } = recordingLogger();
  const metrics = new Metrics();
  const record = new RequestRecord({ ...SUBJECT, ...subject }, { clock, logger, metrics });
  return { clock, lines, metrics, record };
}

function granted(waitedMs: number, attempt = 1): Grant {
  const lease = { engine: new ScriptedEngine(), forward: () => Promise.resolve(), release() {} };
  return { lease, waitedMs, attempt };
}

async function sumOf(metrics: Metrics, name: string): Promise<number | undefined> {
  const { values } = await (metrics.registry.getSingleMetric(name) as never as Metrics['overhead']).get();
  return values.find(({ metricName }) => metricName === `${name}_sum`)?.value;
}

describe('a request record', () => {
  it('tells waiting, the first byte and the gateway itself apart', async () => {
    const { clock, metrics, lines, record } = make();
    clock.advance(302);
    record.sent(granted(300));
    clock.advance(70);
    const firstByteAtMs = clock.now();
    clock.advance(1_000);
    record.end({ ...NOTHING, firstByteAtMs, usage: { promptTokens: 3, completionTokens: 5 } });
    expect(lines[0]?.fields).toMatchObject({
      wait_ms: 300,
      first_byte_ms: 70,
      duration_ms: 1372,
      completion_tokens: 5,
    });
    expect(await sumOf(metrics, 'gollama_queue_wait_seconds')).toBeCloseTo(0.3);
    expect(await sumOf(metrics, 'gollama_first_byte_seconds')).toBeCloseTo(0.07);
    expect(await sumOf(metrics, 'gollama_request_seconds')).toBeCloseTo(1.372);
    expect(await sumOf(metrics, 'gollama_overhead_seconds')).toBeCloseTo(0.002);
  });

  it('counts tokens, or that there were none told', async () => {
    const { metrics, record } = make();
    record.sent(granted(0));
    record.end({ ...NOTHING, usage: { promptTokens: 3, completionTokens: 5 } });
    const other = make();
    other.record.end(NOTHING);
    expect((await metrics.promptTokens.get()).values[0]).toMatchObject({ value: 3, labels: { model: 'm' } });
    expect((await metrics.completionTokens.get()).values[0]?.value).toBe(5);
    expect((await metrics.uncounted.get()).values).toEqual([]);
    expect((await other.metrics.uncounted.get()).values[0]?.value).toBe(1);
  });

  it('counts the overhead of the first attempt only', async () => {
    const { clock, metrics, record } = make();
    record.sent(granted(0));
    clock.advance(5_000);
    record.sent(granted(0, 2));
    record.end(NOTHING);
    expect(await sumOf(metrics, 'gollama_overhead_seconds')).toBe(0);
    expect((await metrics.attempts.get()).values[0]).toMatchObject({ value: 2, labels: { engine: 'one' } });
  });

  it.each([
    ['completed', 'info', undefined, true],
    ['failed', 'warn', new GollamaError('engine_error', 'no'), true],
    ['refused', 'info', new GollamaError('queue_full', 'no'), false],
    ['cancelled', 'info', new GollamaError('cancelled', 'gone'), true],
    ['cancelled', 'info', new GollamaError('cancelled', 'gone'), false],
  ])('is "%s" at level %s for %s', (outcome, level, error, sent) => {
    const { lines, record } = make();
    if (sent) record.sent(granted(0));
    record.end({ ...NOTHING, error });
    expect(lines.map((line) => [line.level, line.fields.outcome])).toEqual([[level, outcome]]);
  });

  it('gives unknown paths one label between them', async () => {
    const { metrics, record } = make({ path: '/v1/whatever/123' });
    record.end(NOTHING);
    expect((await metrics.requests.get()).values[0]?.labels.path).toBe('other');
  });
});
