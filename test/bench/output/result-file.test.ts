import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { parseResult, resultText } from '../../../bench/output/result-file.js';
import { resultJsonSchema } from '../../../bench/output/result-schema.js';
import {
  allFailedResult,
  failingResult,
  inconclusiveResult,
  interruptedResult,
  resultFixture,
} from '../support/result-fixture.js';

const SCHEMA_FILE = new URL('../../../bench/output/result.schema.json', import.meta.url);
const RESULTS = {
  passed: resultFixture(),
  failed: failingResult(),
  inconclusive: inconclusiveResult(),
  interrupted: interruptedResult(),
  'without a success': allFailedResult(),
  'with an open loop': resultFixture({
    load: { mode: 'open', concurrency: null, rate_rps: 2.5, arrival: 'gamma', burstiness: 0.5, in_flight_max: 64 },
    client: { schedule_lag_ms: { p50: 0.1, p99: 2 }, calibration: null },
    server: { timings: { prompt_tps_mean: 210, predicted_tps_mean: 4 } },
    run: { labels: { git_sha: '9d3c2b1' } },
  }),
};
const EVERY = Object.entries(RESULTS);

describe('the JSON Schema of a result', () => {
  const schema: unknown = JSON.parse(readFileSync(SCHEMA_FILE, 'utf8'));

  it('in its file is the one that files are read with', () => {
    expect(schema).toEqual(resultJsonSchema());
  });

  it.each(EVERY)('accepts a result that is %s, by a validator that is not ours', (_name, result) => {
    const validate = validator(schema);
    validate(JSON.parse(resultText(result)));
    expect(validate.errors).toBeNull();
  });

  it('refuses members that are missing or unknown, at every depth', () => {
    const validate = validator(schema);
    const accepted = everyDistortion(failingResult()).filter(({ value }) => validate(value));
    expect(accepted.map(({ what }) => what)).toEqual([]);
  });
});

describe('a result file', () => {
  it.each(EVERY)('of a result that is %s is read back as it was', (_name, result) => {
    expect(parseResult(resultText(result), 'bench.json')).toEqual(result);
  });

  it('keeps a series of numbers in one line', () => {
    expect(resultText(resultFixture())).toMatch(/^ {4}"errors": \[0(, 0){58}\]$/m);
  });

  it('with members that are missing or unknown is refused, at every depth', () => {
    const distortions = everyDistortion(failingResult());
    expect(distortions.length).toBeGreaterThan(300);
    for (const { what, value } of distortions) {
      expect(() => parseResult(JSON.stringify(value), 'bench.json'), what).toThrow(/not a valid|not a result/);
    }
  });

  it.each<[string, string, RegExp, RegExp]>([
    ['that is no JSON', 'hello', /^bench\.json is not JSON$/, /--json FILE/],
    ['of records', '{"i":0}\n{"i":1}\n', /is not JSON/, /records of single requests/],
    ['of something else', '{"a":1}', /is not a result of gollama bench/, /--json FILE/],
    ['of null', 'null', /is not a result of gollama bench/, /--json FILE/],
    [
      'of a later version',
      '{"schema":"gollama.bench/v2"}',
      /gollama\.bench\/v2 result; this version reads/,
      /the version/,
    ],
  ])('%s is told apart', (_what, text, message, hint) => {
    expect(() => parseResult(text, 'bench.json')).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      }),
    );
  });

  it('with mistakes names the first ones and counts the rest', () => {
    const { client: _client, gates: _gates, warnings: _warnings, verdict: _verdict, ...rest } = resultFixture();
    expect(() => parseResult(JSON.stringify(rest), 'x.json')).toThrow(
      /^x\.json is not valid|x\.json is not a valid .*client.*gates.*warnings.*; and 1 more$/,
    );
    expect(() => parseResult(JSON.stringify({ ...resultFixture(), extra: 1 }), 'x.json')).toThrow(
      'unknown member extra',
    );
  });
});

interface Validate {
  (value: unknown): boolean;
  readonly errors?: unknown;
}

/** fastify brings it; what checks a document that we publish should not be what wrote it. */
function validator(schema: unknown): Validate {
  const { Ajv2020 } = createRequire(import.meta.url)('ajv/dist/2020.js') as {
    Ajv2020: new () => { compile(schema: unknown): Validate };
  };
  return new Ajv2020().compile(schema);
}

/** The same with one member left out, or one too many, for every object in it that is no free map. */
function everyDistortion(result: object): readonly { readonly what: string; readonly value: unknown }[] {
  const found: { what: string; value: unknown }[] = [];
  const visit = (node: unknown, path: readonly string[]): void => {
    if (typeof node !== 'object' || node === null) return;
    if (/^(by_status|by_error|by_finish_reason|labels)$/.test(path.at(-1) ?? '')) return;
    const keys = Object.keys(node);
    if (!Array.isArray(node)) {
      found.push({
        what: `${path.join('.')} with one more`,
        value: changed(result, path, (at) => (at.surplus = 1)),
      });
      for (const key of keys) {
        found.push({ what: `no ${[...path, key].join('.')}`, value: changed(result, path, (at) => delete at[key]) });
      }
    }
    for (const key of keys) visit((node as Record<string, unknown>)[key], [...path, key]);
  };
  visit(result, []);
  return found;
}

function changed(result: object, path: readonly string[], change: (at: Record<string, unknown>) => unknown): unknown {
  const copy = structuredClone(result) as Record<string, unknown>;
  change(path.reduce<Record<string, unknown>>((at, key) => at[key] as Record<string, unknown>, copy));
  return copy;
}
