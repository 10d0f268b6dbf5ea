import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { GollamaError } from '../../../src/base/errors.js';
import { STAND_IN, variableChecks, variablesNamed, withStandIns } from '../../../src/cli/doctor/config-check.js';
import {
  modelFileCheck,
  noEngineCheck,
  programCheck,
  sizeText,
  upstreamCheck,
} from '../../../src/cli/doctor/engine-checks.js';
import { NODE_MIN, nodeCheck } from '../../../src/cli/doctor/node-check.js';
import { reportLines } from '../../../src/cli/doctor/report.js';
import { folderCheck, gatewayCheck, portCheck } from '../../../src/cli/doctor/server-checks.js';
import { createStyle } from '../../../src/cli/terminal/style.js';
import { webhookSecret } from '../../../src/config/values.js';
import type { ServerStatus } from '../../../src/protocol/status.js';

const SERVER = { version: '1.2.3', pid: 4711, uptime_s: 7200, engines: [] } as unknown as ServerStatus;
const missing = new GollamaError('configuration', 'it is not there', { hint: 'get it' });

describe('Node', () => {
  const today = Date.parse('2026-11-21');

  test.each<[string, number, string, RegExp]>([
    ['v20.18.0', today, 'fail', /too old/],
    ['v18.20.1', today, 'fail', /too old/],
    ['v20.19.0', Date.parse('2026-01-01'), 'ok', /^v20\.19\.0 \(>=20\.19\)$/],
    ['v20.20.2', Date.parse('2026-04-30T12:00Z'), 'ok', /note: end of life on 2026-04-30/],
    ['v20.20.2', today, 'ok', /note: end of life since 2026-04-30/],
    ['v24.1.0', today, 'ok', /^v24\.1\.0 \(>=20\.19\)$/],
    ['v23.1.0', today, 'warn', /long-term/],
    ['v30.0.0', today, 'ok', /^v30/],
  ])('%s at %d is %s', (version, at, status, detail) => {
    expect(nodeCheck(version, at)).toMatchObject({ name: 'node', status, detail: expect.stringMatching(detail) });
  });

  test('has to be as new as the package says', () => {
    const { engines } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
    expect(engines.node).toBe(`>=${NODE_MIN}`);
  });
});

describe('variables', () => {
  const text = `server: {api_keys: [{key_env: ALICE_KEY}]}
webhooks: {secret_env: HOOK}
engines: [{kind: openai, base_url: "http://x", api_key_env: BOX_KEY}]`;

  test('are those that the file names', () => {
    expect(variablesNamed(text)).toEqual([
      { name: 'ALICE_KEY', key: 'server.api_keys[0].key_env' },
      { name: 'HOOK', key: 'webhooks.secret_env' },
      { name: 'BOX_KEY', key: 'engines[0].api_key_env' },
    ]);
    expect(variablesNamed('a: [')).toEqual([]);
  });

  test('fail one by one where they are not set', () => {
    expect(variableChecks(variablesNamed(text), { ALICE_KEY: 'a', HOOK: '' })).toEqual([
      { name: 'keys', status: 'ok', detail: '$ALICE_KEY set', fix: null },
      { name: 'keys', status: 'fail', detail: expect.stringContaining('$HOOK is not set'), fix: 'export HOOK=...' },
      {
        name: 'keys',
        status: 'fail',
        detail: expect.stringContaining('engines[0].api_key_env'),
        fix: 'export BOX_KEY=...',
      },
    ]);
  });

  test('get a stand-in that reads as any secret', () => {
    expect(withStandIns({ ALICE_KEY: 'a' }, variablesNamed(text))).toEqual({
      ALICE_KEY: 'a',
      HOOK: STAND_IN,
      BOX_KEY: STAND_IN,
    });
    expect(webhookSecret.read(STAND_IN)).toHaveProperty('value');
  });
});

describe('an engine', () => {
  test.each([
    ['that is not there', programCheck('e', missing, undefined), 'fail', 'e: it is not there', 'get it'],
    [
      'whose hint sends to the doctor',
      programCheck('e', new GollamaError('configuration', 'no', { hint: 'get it; see: gollama doctor' }), undefined),
      'fail',
      'e: no',
      'get it',
    ],
    ['that tells its version', programCheck('e', '/b', { version: '7 (ab)' }), 'ok', 'e: /b, version 7 (ab)', null],
    [
      'that does not start',
      programCheck('e', '/b', { problem: 'fails: no libomp' }),
      'fail',
      'e: /b fails: no libomp',
      'try it: /b --version',
    ],
    ['that is a script', programCheck('e', '/b', undefined), 'ok', expect.stringContaining('script'), null],
    ['without its model', modelFileCheck('e', missing, undefined), 'fail', 'e: it is not there', 'get it'],
    [
      'with its model',
      modelFileCheck('e', '/m', { magic: 'GGUF', sizeBytes: 2_500_000_000 }),
      'ok',
      'e: /m, 2.5 GB',
      null,
    ],
    [
      'with a page in place of its model',
      modelFileCheck('e', '/m', { magic: '<htm', sizeBytes: 9 }),
      'fail',
      'e: /m is no GGUF file',
      expect.stringContaining('download'),
    ],
    [
      'with an empty model',
      modelFileCheck('e', '/m', { magic: '', sizeBytes: 0 }),
      'fail',
      'e: /m is empty',
      expect.any(String),
    ],
    [
      'whose model cannot be read',
      modelFileCheck('e', '/m', { problem: 'EACCES' }),
      'fail',
      expect.stringContaining('EACCES'),
      'chmod u+r /m',
    ],
    [
      'elsewhere that answers',
      upstreamCheck('e', 'u', { status: 200, models: 1 }),
      'ok',
      'e: u answers, 1 model',
      null,
    ],
    [
      'elsewhere that refuses',
      upstreamCheck('e', 'u', { status: 401 }),
      'fail',
      expect.stringContaining('refuses the key'),
      expect.stringContaining('api_key_env'),
    ],
    [
      'elsewhere that loads',
      upstreamCheck('e', 'u', { status: 503 }),
      'warn',
      expect.stringContaining('503'),
      expect.any(String),
    ],
    [
      'elsewhere that is away',
      upstreamCheck('e', 'u', { problem: 'ECONNREFUSED' }),
      'fail',
      'e: u does not answer: ECONNREFUSED',
      expect.any(String),
    ],
    ['there is none of', noEngineCheck('simulated'), 'warn', expect.stringContaining('simulated'), expect.any(String)],
    [
      'there is none of, nor a fallback',
      noEngineCheck('none'),
      'fail',
      expect.stringContaining('fallback'),
      expect.any(String),
    ],
  ])('%s', (_what, check, status, detail, fix) => {
    expect(check).toMatchObject({ status, detail, fix });
  });

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1500, '1.5 KB'],
    [41_000_000_000, '41 GB'],
    [5e15, '5000 TB'],
  ])('file of %d bytes has %s', (sizeBytes, text) => expect(sizeText(sizeBytes)).toBe(text));
});

describe('the address', () => {
  const at = { host: '127.0.0.1', port: 8081, server: undefined };

  test.each([
    ['free', portCheck({ ...at, problem: undefined }), 'ok', '127.0.0.1:8081 free', null],
    [
      'held by our server',
      portCheck({ ...at, problem: 'EADDRINUSE', server: SERVER }),
      'ok',
      '127.0.0.1:8081 in use by gollama 1.2.3 (pid 4711, up 2 h)',
      null,
    ],
    [
      'held by another program',
      portCheck({ ...at, problem: 'EADDRINUSE' }),
      'fail',
      expect.stringContaining('another program'),
      expect.stringContaining('server.addr :8082'),
    ],
    [
      'not for everybody',
      portCheck({ ...at, port: 80, problem: 'EACCES' }),
      'fail',
      expect.stringContaining('rights'),
      'gollama config set server.addr :8081',
    ],
    [
      'not of this machine',
      portCheck({ ...at, problem: 'EADDRNOTAVAIL' }),
      'fail',
      expect.stringContaining('no address of this machine'),
      expect.any(String),
    ],
    ['any', portCheck({ ...at, port: 0, problem: undefined }), 'ok', 'any free one', null],
    ['refused', portCheck(missing), 'fail', 'it is not there', 'get it'],
    ['of IPv6', portCheck({ ...at, host: '::1', problem: undefined }), 'ok', '[::1]:8081 free', null],
  ])('is %s', (_what, check, status, detail, fix) => {
    expect(check).toEqual({ name: 'port', status, detail, fix });
  });
});

describe('the data folder', () => {
  const facts = { folder: '/d', problem: undefined, freeBytes: 41e9, holder: undefined, server: undefined };

  test.each([
    ['is fine', facts, 'ok', '/d, 41 GB free'],
    ['cannot be written', { ...facts, problem: 'EACCES' }, 'fail', '/d: EACCES'],
    ['is nearly full', { ...facts, freeBytes: 5e8 }, 'warn', '/d, 500 MB free'],
    ['is full', { ...facts, freeBytes: 0 }, 'fail', '/d, 0 B free'],
    [
      'is held by our server',
      { ...facts, holder: 4711, server: SERVER },
      'ok',
      '/d, 41 GB free, in use by the server that runs',
    ],
    [
      'is held by another gollama',
      { ...facts, holder: 9, server: SERVER },
      'fail',
      expect.stringContaining('process 9'),
    ],
    ['is held, and nobody answers', { ...facts, holder: 9 }, 'fail', expect.stringContaining('process 9')],
    ['tells no free room', { ...facts, freeBytes: undefined }, 'ok', '/d'],
  ])('%s', (_what, given, status, detail) => {
    expect(folderCheck(given)).toMatchObject({ status, detail });
  });
});

describe('the gateway', () => {
  const away = new GollamaError('unreachable', 'nobody answers', { hint: 'start one' });
  const refused = new GollamaError('unauthorized', 'no key');
  const down = { name: 'e', state: 'starting', last_error: 'loads' };

  test.each([
    ['runs', { isNamed: false, answer: SERVER }, 'ok', 'u: gollama 1.2.3 (pid 4711, up 2 h), 0 engines'],
    ['does not run', { isNamed: false, answer: away }, 'warn', 'no server runs at u'],
    ['does not run where it was said to', { isNamed: true, answer: away }, 'fail', 'nobody answers'],
    ['refuses the key', { isNamed: false, answer: refused }, 'fail', 'u refuses the key: no key'],
    [
      'waits for an engine',
      { isNamed: false, answer: { ...SERVER, engines: [down] } as unknown as ServerStatus },
      'warn',
      expect.stringContaining('\ne is starting: loads'),
    ],
  ])('%s', (_what, facts, status, detail) => {
    expect(gatewayCheck({ url: 'u', ...facts })).toMatchObject({ status, detail });
  });
});

test('the report has a line for each check, what to do behind it, and a sum', () => {
  const checks = [
    { name: 'node', status: 'ok', detail: 'v20', fix: null },
    { name: 'config', status: 'fail', detail: 'one\ntwo', fix: 'mend it' },
    { name: 'port', status: 'warn', detail: 'x', fix: 'y' },
  ] as const;
  expect(reportLines(checks, createStyle(false))).toEqual([
    'ok    node    v20',
    'fail  config  one',
    '              two',
    '              fix: mend it',
    'warn  port    x',
    '              fix: y',
    '1 problem, 1 warning',
  ]);
  expect(reportLines(checks.slice(0, 1), createStyle(false)).at(-1)).toBe('no problem found');
  expect(reportLines(checks, createStyle(true))[0]).toContain('\u001b[32mok');
});
