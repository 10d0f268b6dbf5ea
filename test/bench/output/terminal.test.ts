import { describe, expect, it } from 'vitest';
import { renderTerminal } from '../../../bench/output/terminal.js';
import type { BenchResult } from '../../../bench/result.js';
import {
  allFailedResult,
  distribution,
  failingResult,
  gate,
  inconclusiveResult,
  interruptedResult,
  resultFixture,
} from '../support/result-fixture.js';

const OPTIONS = { width: 80, ascii: false, color: false, saved: ['bench.json (gollama.bench/v1)'] };
const GOLDEN = '../../fixtures/bench';

/** Cells of a terminal: two for each wide character. */
function cells(text: string): number {
  return [...text].reduce(
    (sum, sign) => sum + (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/.test(sign) ? 2 : 1),
    0,
  );
}

function linesOf(result: BenchResult, options: Partial<typeof OPTIONS> = {}): readonly string[] {
  return renderTerminal(result, { ...OPTIONS, ...options }).split('\n');
}

describe('the report', () => {
  it.each<[string, BenchResult, Partial<typeof OPTIONS>]>([
    ['passed', resultFixture(), {}],
    ['failed', failingResult(), {}],
    ['inconclusive-ascii', inconclusiveResult(), { ascii: true }],
    ['interrupted', interruptedResult(), {}],
    ['all-failed', allFailedResult(), {}],
  ])('of a run that is %s reads as it was agreed', async (name, result, options) => {
    const text = renderTerminal(result, { ...OPTIONS, ...options });
    await expect(`${text}\n`).toMatchFileSnapshot(`${GOLDEN}/report-${name}.txt`);
  });

  it('holds every line of the reference benchmark under its own name', () => {
    const text = renderTerminal(resultFixture(), OPTIONS);
    const names = [
      'Service URL',
      'Total Requests',
      'Successful',
      'Failed',
      'Duration',
      'Success Rate',
      'Min',
      'Avg',
      'P50',
    ];
    names.push('P95', 'P99', 'Max', 'Requests/sec', 'Total Tokens', 'Avg Tokens/Request', 'Avg Tokens/sec');
    for (const name of names) expect(text).toContain(name);
  });

  it('shows the reference formula of tokens a second where headers come with the body', () => {
    const text = renderTerminal(resultFixture({ target: { stream: false } }), OPTIONS);
    expect(text).toMatch(/reference formula\s+5\.49/);
    expect(renderTerminal(resultFixture(), OPTIONS)).not.toContain('reference formula');
  });

  it.each([80, 100, 120])('stays inside of %i columns', (width) => {
    for (const result of [
      resultFixture(),
      failingResult(),
      inconclusiveResult(),
      interruptedResult(),
      allFailedResult(),
    ]) {
      for (const ascii of [false, true]) {
        const tooLong = linesOf(result, { width, ascii }).filter((line) => cells(line) > width);
        expect(tooLong).toEqual([]);
      }
    }
  });

  it('has nothing but ASCII where that was asked for', () => {
    for (const result of [
      resultFixture(),
      failingResult(),
      inconclusiveResult(),
      interruptedResult(),
      allFailedResult(),
    ]) {
      expect(linesOf(result, { ascii: true }).filter((line) => /[^ -~]/.test(line))).toEqual([]);
    }
  });

  it('colours verdicts and nothing else', () => {
    const plain = renderTerminal(failingResult(), OPTIONS);
    const colored = renderTerminal(failingResult(), { ...OPTIONS, color: true });
    const painted = [...colored.matchAll(/\u001b\[[\d;]+m(.+?)\u001b\[0m/g)].map(([, text]) => text?.trim());
    expect([...new Set(painted)]).toEqual(['FAIL', '✗', '✓', 'slower', 'worse', 'ok']);
    expect(colored.replace(/\u001b\[[\d;]*m/g, '')).toBe(plain);
  });

  it('keeps its columns where names are wide', () => {
    const comparison = { ...failingResult().comparison!, base: '主线@3f2a91c', head: '通义千问' };
    const lines = linesOf(
      resultFixture({ target: { model: '通义千问-1b' }, comparison, verdict: { status: 'regression' } }),
    );
    expect(lines[0]).toContain('model 通义千问-1b   chat');
    const head = lines.find((line) => line.includes('主线  '))!;
    const row = lines.find((line) => line.includes('412 ms'))!;
    expect(cells(head.slice(0, head.indexOf('主线') + 2))).toBe(cells(row.slice(0, row.indexOf('412 ms') + 6)));
    expect(cells(head.slice(0, head.indexOf('通义千问') + 4))).toBe(cells(row.slice(0, row.indexOf('655 ms') + 6)));
    expect(cells(head.slice(0, head.indexOf('verdict')))).toBe(cells(row.slice(0, row.indexOf('slower'))));
  });

  it('does not let a server drive the terminal by its names', () => {
    const text = renderTerminal(resultFixture({ target: { model: 'a\u001b[31m\u009b2Jb\nc' } }), OPTIONS);
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(text.split('\n')[1]).toMatch(/^Config/);
  });

  it('marks no percentile that has enough requests behind it', () => {
    const { latency_ms } = resultFixture();
    const change = { e2e: { count: 300 }, ttft: { count: 300 }, tpot: { count: 300 } };
    const text = renderTerminal(resultFixture({ latency_ms: change }), OPTIONS);
    expect(latency_ms.e2e?.count).toBe(20);
    expect(text).not.toMatch(/P\d\d\*|too few/);
  });

  it('tells thinking from answering, bunches of tokens from tokens, and waiting here from waiting there', () => {
    const slow = distribution({ p50: 2400, max: 2600 });
    const text = renderTerminal(
      resultFixture({
        load: { mode: 'open', rate_rps: 2.5, arrival: 'poisson', in_flight_max: 64, concurrency: null },
        tokens: { tokens_per_chunk_mean: 1.5 },
        latency_ms: { ttfo: slow },
      }),
      OPTIONS,
    );
    for (const row of ['TTFO', 'ICL', 'Queued']) expect(text).toMatch(new RegExp(`^ {2}${row} +\\d`, 'm'));
    expect(text).toContain('open loop · rate=2.5/s, arrival=poisson, in_flight_max=64');
  });

  it('says a count as a count', () => {
    const gates = [
      gate({ expr: 'requests.successful>0', actual: 0, status: 'fail', reason: 'no request succeeded' }),
      gate({ expr: 'tokens.per_request_mean>60', actual: 63.125 }),
    ];
    const text = renderTerminal(resultFixture({ gates }), OPTIONS);
    expect(text).toMatch(/✗ requests\.successful > 0 +0 +no request succeeded$/m);
    expect(text).toMatch(/✓ tokens\.per_request_mean > 60 +63\.1$/m);
  });

  it('does not warn of few samples twice', () => {
    const warnings = [{ code: 'few_samples', message: 'n=20 is too few' }];
    expect(renderTerminal(resultFixture({ warnings }), OPTIONS)).not.toContain('! n=20');
  });

  it('says of a gate without enough values what it needs', () => {
    const gates = [gate({ expr: 'ttft.p99<1s', actual: 900, unit: 'ms', n: 20, min_n: 299, status: 'inconclusive' })];
    expect(renderTerminal(resultFixture({ gates }), OPTIONS)).toMatch(/\? ttft\.p99 < 1s +900 ms +n=20, needs 299/);
  });

  it('wraps a long reason and keeps the exit code in its place', () => {
    const reason = 'the error budget of 1% is spent, and several other things were not as they should have been';
    const lines = linesOf(resultFixture({ gates: [], verdict: { status: 'fail', exit_code: 7, reason } }));
    const title = lines.findIndex((line) => line.startsWith(' FAIL '));
    expect(lines[title]).toMatch(/^ FAIL {3}the error budget .* exit code 7$/);
    expect(lines[title + 1]).toMatch(/^ {8}\w/);
  });

  it('is there without the plots of a histogram that cannot be read', () => {
    const text = renderTerminal(resultFixture({ histograms: { e2e: 'bm8gaGlzdG9ncmFt' } }), OPTIONS);
    expect(text).toContain('Latency (ms)');
    expect(text).not.toContain('┤');
  });
});
