import { describe, expect, it } from 'vitest';
import { renderHtml } from '../../../bench/output/html.js';
import { linearScale, logScale } from '../../../bench/output/page/scale.js';
import {
  allFailedResult,
  failingResult,
  gate,
  inconclusiveResult,
  interruptedResult,
  resultFixture,
} from '../support/result-fixture.js';

const EVERY = {
  passed: resultFixture(),
  failed: failingResult(),
  inconclusive: inconclusiveResult(),
  interrupted: interruptedResult(),
  'without a success': allFailedResult(),
};

describe('the page', () => {
  it.each(Object.entries(EVERY))('of a result that is %s needs nothing from elsewhere', (_name, result) => {
    const text = renderHtml(result);
    expect(text).not.toMatch(
      /<(script|link|img|iframe|object|embed|base)\b|\bon\w+=|\burl\(|@import|\b(src|href|srcset|action)=/i,
    );
    expect(text).toContain(
      `content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"`,
    );
  });

  it.each(Object.entries(EVERY))(
    'of a result that is %s is well-formed and holds no figure that is none',
    (_name, result) => {
      const text = renderHtml(result);
      expect(unclosed(text)).toEqual([]);
      expect(text).not.toMatch(/\b(NaN|undefined|Infinity|null|\[object)\b/);
    },
  );

  it('says the verdict in words, beside the colour', () => {
    expect(renderHtml(failingResult())).toContain(
      '<h1><strong>FAIL</strong> 2 of 3 gates failed · regression confirmed</h1>',
    );
    expect(renderHtml(resultFixture())).toContain('<h1><strong>PASS</strong> 2 of 2 gates</h1>');
    expect(renderHtml(interruptedResult())).toContain('<h1><strong>INTERRUPTED</strong>');
  });

  it('draws latency, tokens and requests, each with a description', () => {
    const drawings = [...renderHtml(resultFixture()).matchAll(/<svg viewBox="[^"]+" role="img" aria-label="([^"]+)"/g)];
    expect(drawings.map(([, label]) => label)).toEqual([
      'E2E: half within 11.4 s, all within 13.5 s. TTFT: half within 1.21 s, all within 2.53 s',
      'TTFT: 20 values, median 1.21 s, from 796 ms to 2.53 s',
      'TPOT: 20 values, median 268 ms, from 222 ms to 293 ms',
      'ICL: 742 values, median 268 ms, from 201 ms to 348 ms',
      'Output tokens a second over time: 13.06 on average, peak 15.6',
      'Requests in flight over time: 3.94 on average, peak 4',
    ]);
  });

  it('draws every value of a histogram once', () => {
    const [, ttft = ''] = renderHtml(resultFixture()).split('<figcaption>TTFT ');
    const counts = [...ttft.split('</figure>')[0]!.matchAll(/<title>[^<]*: (\d+)<\/title>/g)].map(([, count]) =>
      Number(count),
    );
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(20);
  });

  it('of a run without a token has an axis all the same', () => {
    const [, throughput = ''] = renderHtml(allFailedResult()).split('<figcaption>Throughput ');
    const ticks = [...throughput.split('</figure>')[0]!.matchAll(/text-anchor="end">([^<]+)</g)].map(
      ([, tick]) => tick,
    );
    expect(ticks.slice(0, 3)).toEqual(['0', '0.5', '1']);
  });

  it('marks errors in time', () => {
    const errors = Array.from({ length: 59 }, (_, second) => (second === 30 ? 3 : 0));
    const text = renderHtml(resultFixture({ timeseries: { errors } }));
    expect(text.match(/<circle class="failure"/g)).toHaveLength(1);
    expect(text).toContain('<title>3 failed at 30.5 s</title>');
  });

  it('stays small however long the run was', () => {
    const series = Array.from({ length: 86_400 }, (_, second) => second % 17);
    const text = renderHtml(
      resultFixture({ timeseries: { output_tokens: series, in_flight: series, errors: series } }),
    );
    expect(text.length).toBeLessThan(300_000);
  });

  it('escapes everything that a result holds', () => {
    const nasty = `</title></style><script>x</script>"'&`;
    const text = renderHtml(
      resultFixture({
        target: { model: nasty, url: nasty, endpoint: nasty, model_reported: nasty },
        run: { id: nasty, started_at: nasty, labels: { [nasty]: nasty } },
        env: { cpu_model: nasty },
        workload: { source: nasty },
        requests: { by_status: { [nasty]: 1 }, by_finish_reason: { [nasty]: 2 } },
        client: { saturated: true, reasons: [nasty] },
        gates: [gate({ expr: nasty, actual: 1, unit: nasty, reason: nasty })],
        comparison: { ...failingResult().comparison!, base: nasty, head: nasty, guards: [nasty] },
        warnings: [{ code: 'x', message: nasty }],
        verdict: { status: 'inconclusive', exit_code: 9, reason: nasty },
      }),
    );
    expect(text).not.toMatch(/<script|"'&|<\/title><\/style>/);
    expect(unclosed(text)).toEqual([]);
  });
});

describe('an axis', () => {
  it('has round figures', () => {
    expect(linearScale(0, 15.6, [0, 100], 4).ticks).toEqual([0, 5, 10, 15]);
    expect(linearScale(796, 2528, [0, 100], 6).ticks).toEqual([1000, 1500, 2000, 2500]);
    expect(logScale(700, 14_000, [0, 100]).ticks).toEqual([1000, 2000, 5000, 10_000]);
  });

  it('has a place for every value, also where all are the same', () => {
    expect(linearScale(0, 10, [100, 0]).at(10)).toBe(0);
    expect(linearScale(5, 5, [0, 100]).at(5)).toBe(0);
    expect(logScale(10, 1000, [0, 100]).at(100)).toBeCloseTo(50);
    expect(logScale(5, 5, [0, 100]).at(5)).toBe(0);
  });
});

/** Elements that are opened and not closed in their place. */
function unclosed(text: string): readonly string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  for (const [, slash, name = '', end] of text.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*?(\/?)>/g)) {
    if (end || name === 'meta') continue;
    if (!slash) open.push(name);
    else if (open.pop() !== name) wrong.push(name);
  }
  return [...wrong, ...open];
}
