import { describe, expect, it } from 'vitest';
import { parseRecords, recordLine } from '../../../bench/output/records.js';
import type { RequestRecord } from '../../../bench/record.js';

const RECORD: RequestRecord = {
  index: 3,
  worker: 0,
  scheduledMs: 10,
  sentMs: 10.25,
  connectedMs: 11.5,
  connectionReused: false,
  headersMs: 40,
  firstEventMs: 45,
  firstTokenMs: 410,
  firstContentMs: 710,
  lastTokenMs: 860,
  endMs: 866,
  status: 200,
  ok: true,
  errorClass: null,
  error: null,
  attempts: 1,
  finishReason: 'stop',
  tokens: { prompt: 25, completion: 9, reasoning: 4, cached: null, source: 'usage' },
  chunks: 6,
  gapsUs: [50_000, 100_000, 150_000, 100_000, 50_000],
  coalesced: 0,
  serverTimings: { promptTokens: 25, promptMs: 365, predictedTokens: 9, predictedMs: 450 },
  promptHash: '0123456789abcdef',
  modelReported: 'example-1b-q4',
  incomplete: false,
};
const FAILED: RequestRecord = {
  ...RECORD,
  sentMs: null,
  connectedMs: null,
  headersMs: null,
  firstEventMs: null,
  firstTokenMs: null,
  firstContentMs: null,
  lastTokenMs: null,
  status: null,
  ok: false,
  errorClass: 'connect',
  error: 'connect ECONNREFUSED\n127.0.0.1:1',
  finishReason: null,
  tokens: { prompt: null, completion: null, reasoning: null, cached: null, source: null },
  chunks: 0,
  gapsUs: [],
  serverTimings: null,
  modelReported: null,
  incomplete: true,
};

describe('a record', () => {
  it('is one line with the agreed names', () => {
    const line = recordLine(RECORD);
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toMatchObject({
      i: 3,
      t_sched_ms: 10,
      t_send_ms: 10.25,
      t_first_token_ms: 410,
      conn_reused: false,
      prompt_tokens: 25,
      token_source: 'usage',
      gaps_us: [50_000, 100_000, 150_000, 100_000, 50_000],
      server_timings: { prompt_n: 25, prompt_ms: 365, predicted_n: 9, predicted_ms: 450 },
    });
  });

  it('comes back as it was, whatever became of the request', () => {
    const records = [RECORD, FAILED, { ...RECORD, text: 'line\none' }];
    expect(parseRecords(`${records.map(recordLine).join('\n')}\n`, 'r.jsonl')).toEqual(records);
  });

  it('holds no text unless it was saved', () => {
    expect(JSON.parse(recordLine(RECORD))).not.toHaveProperty('text');
    expect(JSON.parse(recordLine({ ...RECORD, text: 'hi' }))).toHaveProperty('text', 'hi');
  });

  it('has no digits below a microsecond', () => {
    expect(JSON.parse(recordLine({ ...RECORD, headersMs: 40.123456789 }))).toHaveProperty('t_headers_ms', 40.123);
  });

  it.each([
    ['nonsense', /^r\.jsonl:2: this line is not JSON$/],
    ['{"i":1}', /^r\.jsonl:2: this line is no record of a request: worker: /],
    ['[]', /^r\.jsonl:2: this line is no record of a request: /],
  ])('that is %s is refused with its place', (line, message) => {
    const text = `${recordLine(RECORD)}\n${line}\n`;
    expect(() => parseRecords(text, 'r.jsonl')).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) }),
    );
  });
});
