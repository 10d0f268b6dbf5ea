import { describe, expect, it } from 'vitest';
import { renderCsv } from '../../../bench/output/csv.js';
import { renderGithubAnnotations } from '../../../bench/output/github-annotations.js';
import { renderJunit } from '../../../bench/output/junit.js';
import { renderMarkdown } from '../../../bench/output/markdown.js';
import { renderVllm } from '../../../bench/output/vllm.js';
import type { BenchResult } from '../../../bench/result.js';
import {
  allFailedResult,
  failingResult,
  gate,
  inconclusiveResult,
  interruptedResult,
  resultFixture,
} from '../support/result-fixture.js';
import { elements } from '../support/xml-elements.js';

const NASTY = 'a<b>&"c\'|`d\n::error::e\u0000\ud800f\u001b[31m@someone](x)';
const nasty = (): BenchResult =>
  resultFixture({
    target: { model: NASTY, url: NASTY },
    run: { labels: { [NASTY]: NASTY } },
    gates: [gate({ expr: NASTY, actual: null, status: 'fail', reason: NASTY })],
    warnings: [{ code: 'x', message: NASTY }],
    comparison: { ...failingResult().comparison!, base: NASTY, guards: [NASTY] },
    verdict: { status: 'fail', exit_code: 7, reason: NASTY },
  });

describe('JUnit', () => {
  const cases = (result: BenchResult): readonly string[] => {
    const found = elements(renderJunit(result));
    const endings = /^(failure|error|skipped|system-out)$/;
    return found
      .filter(({ name }) => name === 'testcase')
      .map(
        ({ attributes, children }) => `${attributes.name}: ${children.find(({ name }) => endings.test(name))?.name}`,
      );
  };

  it('has a testcase for the run, each gate and the comparison', () => {
    expect(cases(failingResult())).toEqual([
      'run: system-out',
      'success_rate>=99%: failure',
      'ttft.p95<800ms: failure',
      'output_tps>40: system-out',
      'no regression against main@3f2a91c: failure',
    ]);
  });

  it('skips what could not be judged, with the reason', () => {
    expect(cases(inconclusiveResult())).toEqual([
      'run: skipped',
      'ttft.p95<3s: skipped',
      'success_rate>=99%: system-out',
    ]);
    expect(renderJunit(inconclusiveResult())).toContain('message="actual 2509 ms, n=20, needs 59"');
    expect(renderJunit(inconclusiveResult())).toContain('message="client saturated: loop delay p99 41 ms, cpu 97%"');
  });

  it('calls it an error when nothing succeeded or the run was interrupted', () => {
    expect(cases(allFailedResult())[0]).toBe('run: error');
    expect(cases(interruptedResult())).toEqual(['run: error']);
  });

  it('fails the run where no gate tells why', () => {
    const reason = 'error budget spent: 3% of requests failed, 1% allowed';
    const spent = resultFixture({ verdict: { status: 'fail', exit_code: 7, reason } });
    expect(cases(spent)).toEqual(['run: failure', 'success_rate>=99%: system-out', 'ttft.p50<2s: system-out']);
    expect(renderJunit(spent)).toContain(`message="${reason}"`);
  });

  it('counts what it holds', () => {
    const [suites] = elements(renderJunit(failingResult()));
    expect(suites?.attributes).toMatchObject({ tests: '5', failures: '3', errors: '0', skipped: '0', time: '61.200' });
  });

  it('is well-formed whatever names and reasons hold', () => {
    const found = elements(renderJunit(nasty()));
    const expected = NASTY.replace(/[\u0000\ud800\u001b]/g, '\ufffd');
    expect(found.find(({ name }) => name === 'property')?.attributes.value).toBe(expected);
    expect(found.some(({ name, attributes }) => name === 'testcase' && attributes.name === expected)).toBe(true);
  });

  it('of every kind of result reads as it was agreed', async () => {
    await expect(renderJunit(failingResult())).toMatchFileSnapshot('../../fixtures/bench/junit-failed.xml');
  });
});

describe('Markdown', () => {
  it('reads as it was agreed', async () => {
    await expect(renderMarkdown(failingResult())).toMatchFileSnapshot('../../fixtures/bench/summary-failed.md');
    await expect(renderMarkdown(interruptedResult())).toMatchFileSnapshot(
      '../../fixtures/bench/summary-interrupted.md',
    );
  });

  it('says the verdict first', () => {
    expect(renderMarkdown(resultFixture())).toMatch(/^## ✅ gollama bench: PASS · 2 of 2 gates\n/);
    expect(renderMarkdown(inconclusiveResult())).toMatch(/^## ❔ gollama bench: INCONCLUSIVE · client saturated/);
    expect(renderMarkdown(allFailedResult())).toMatch(/^## ❌ gollama bench: FAIL · no request succeeded/);
  });

  it('stays below 1 MiB whatever a result holds', () => {
    const long = '&😀@'.repeat(5000);
    const result = resultFixture({
      target: { model: long, url: long },
      run: { labels: Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`${at}${long}`, long])) },
      gates: Array.from({ length: 2000 }, () => gate({ expr: long, actual: 1, reason: long })),
      warnings: Array.from({ length: 2000 }, () => ({ code: 'x', message: long })),
      comparison: {
        ...failingResult().comparison!,
        base: long,
        head: long,
        guards: Array.from({ length: 2000 }, () => long),
        metrics: Array.from({ length: 2000 }, () => ({ ...failingResult().comparison!.metrics[0]!, metric: long })),
      },
    });
    expect(Buffer.byteLength(renderMarkdown(result))).toBeLessThan(1024 * 1024);
  });

  it('gives names no markup and calls nobody', () => {
    const text = renderMarkdown(nasty());
    expect(text.replace(/`[^`\n]*`/g, '')).not.toMatch(/<b>|@someone|(?<!\\)\]\(x\)/);
    const rows = text.split('\n').filter((line) => line.startsWith('| ❌'));
    const bars = rows.map((row) => row.replaceAll('\\|', '').split('|').length);
    expect(bars).toEqual([6, 8, 8, 8]);
  });
});

describe('annotations', () => {
  it('are there for every failed gate and every metric that got worse', () => {
    expect(renderGithubAnnotations(failingResult()).trimEnd().split('\n')).toEqual([
      '::error title=bench gate failed%3A success rate ≥ 99%25::actual 96.5%25, 95%25 CI 92.9-98.3, 7 of 200: timeout_ttft 4, http_5xx 3',
      '::error title=bench gate failed%3A ttft.p95 < 800ms::actual 1214 ms, 95%25 bound 1390',
      '::error title=bench regression%3A TTFT P50 slower::+59.0%25 against main@3f2a91c, 95%25 CI [+48, +71]%25',
      '::error title=bench regression%3A Output slower::-9.9%25 against main@3f2a91c, 95%25 CI [-13, -6.7]%25',
      '::error title=bench regression%3A Success worse::-3.5 pt against main@3f2a91c, 95%25 CI [-7.1, -0.9] pt',
    ]);
  });

  it('are ten at most, and the tenth tells of the rest', () => {
    const gates = Array.from({ length: 14 }, (_, at) =>
      gate({ expr: `ttft.p50<${at + 1}ms`, actual: 99, unit: 'ms', status: 'fail' }),
    );
    const lines = renderGithubAnnotations(resultFixture({ gates, verdict: { status: 'fail', exit_code: 7 } }))
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(10);
    expect(lines[9]).toMatch(/\(and 4 more\)$/);
  });

  it('are warnings where nothing was judged, and none where all is well', () => {
    expect(renderGithubAnnotations(resultFixture())).toBe('');
    expect(renderGithubAnnotations(inconclusiveResult())).toMatch(
      /^::warning title=gollama bench inconclusive::client saturated[^\n]*\n$/,
    );
  });

  it('cannot be forged by a name', () => {
    const lines = renderGithubAnnotations(nasty()).trimEnd().split('\n');
    expect(lines.filter((line) => !line.startsWith('::error title='))).toEqual([]);
    expect(lines.some((line) => line.startsWith('::error::e'))).toBe(false);
  });

  it('explain a failure without a failed gate', () => {
    const text = renderGithubAnnotations(
      resultFixture({ gates: [], verdict: { status: 'fail', exit_code: 7, reason: 'no tokens' } }),
    );
    expect(text).toBe('::error title=gollama bench failed::no tokens\n');
  });
});

describe('CSV', () => {
  it('has one row a run under the same heads', () => {
    const lines = renderCsv([resultFixture(), allFailedResult()]).split('\r\n');
    expect(lines).toHaveLength(4);
    const [head = [], first = [], second = []] = lines.map((line) => line.split(','));
    expect([first.length, second.length]).toEqual([head.length, head.length]);
    const cell = (row: readonly string[], name: string) => row[head.indexOf(name)];
    expect(cell(first, 'ttft_p95_ms')).toBe('2509.22');
    expect([cell(second, 'ttft_p95_ms'), cell(second, 'output_tps'), cell(second, 'failed')]).toEqual(['', '', '20']);
    expect([cell(first, 'verdict'), cell(second, 'exit_code')]).toEqual(['pass', '7']);
  });

  it('quotes what would break a row, and disarms what a spreadsheet would run', () => {
    const text = renderCsv([resultFixture({ target: { model: '=cmd,"x"\ny' } })]);
    expect(text).toContain(`,"'=cmd,""x""\ny",`);
  });
});

describe('the form of vllm bench serve', () => {
  it('has its key names, with our definitions told', () => {
    const found = JSON.parse(renderVllm(resultFixture())) as Record<string, unknown>;
    expect(found).toMatchObject({
      date: '20261120-151035',
      completed: 20,
      failed: 0,
      duration: 58.36,
      request_throughput: 0.343,
      output_throughput: 13.06,
      total_token_throughput: 21.62,
      request_rate: 'inf',
      max_concurrency: 4,
      mean_ttft_ms: 1433.73,
      median_ttft_ms: 1213.21,
      p99_ttft_ms: 2528.23,
      median_tpot_ms: 268.14,
      mean_itl_ms: 271.1,
      p99_e2el_ms: 13_474.35,
    });
    expect(found.label).toMatch(/definitions differ/);
  });

  it('has null for what was not measured, and labels never over figures', () => {
    const result = { ...allFailedResult(), run: { ...allFailedResult().run, labels: { completed: '99', team: 'a' } } };
    expect(JSON.parse(renderVllm(result))).toMatchObject({ median_ttft_ms: null, completed: 0, team: 'a' });
  });
});
