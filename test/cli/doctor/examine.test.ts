import { expect, test } from 'vitest';
import { GollamaError } from '../../../src/base/errors.js';
import { examine, type Patient } from '../../../src/cli/doctor/examine.js';
import type { ServerStatus } from '../../../src/protocol/status.js';
import { ManualClock } from '../../support/manual-clock.js';

const away = new GollamaError('unreachable', 'nobody answers', { hint: 'start one' });

interface World {
  readonly text?: string;
  readonly env?: Record<string, string>;
  readonly patient?: Partial<Patient>;
  readonly installation?: Partial<Patient['installation']>;
  readonly probes?: Partial<Patient['probes']>;
}

function patient({ text, env = {}, ...world }: World): Patient {
  return {
    around: { env, cwd: '/w', home: '/home/me' },
    clock: new ManualClock(),
    nodeVersion: 'v24.1.0',
    findFile: async () => (text === undefined ? undefined : { path: '/w/g.yaml', name: 'g.yaml', text }),
    readText: () => Promise.reject(new Error('ENOENT')),
    server: async () => ({ url: 'http://127.0.0.1:8081', isNamed: false }),
    ...world.patient,
    installation: {
      engineFiles: () => ({ program: '/bin/llama-server', isLlamaServer: true, model: '/m.gguf' }),
      addressOf: () => ({ host: '127.0.0.1', port: 8081 }),
      listenProblem: async () => undefined,
      tasksFolderOf: () => '/d/tasks',
      holderOf: async () => undefined,
      ...world.installation,
    },
    probes: {
      askVersion: async () => ({ version: '7' }),
      readModelHead: async () => ({ magic: 'GGUF', sizeBytes: 1 }),
      askUpstream: async () => ({ status: 200 }),
      lookAtFolder: async () => ({ problem: undefined, freeBytes: 1e12 }),
      askServer: () => Promise.reject(away),
      ...world.probes,
    },
  };
}

async function found(world: World): Promise<string[]> {
  return (await examine(patient(world))).map(({ name, status }) => `${status} ${name}`);
}

const ENGINES = `engines:
  - {kind: llama-server, name: l, model_path: /m.gguf}
  - {kind: openai, name: o, base_url: "http://box/v1", api_key_env: BOX_KEY}
  - {kind: ollama, name: a}
  - {kind: simulated}
`;

test('everything is looked at in its order', async () => {
  const asked: string[] = [];
  const probes = {
    askUpstream: async ({ url, apiKey }: { url: string; apiKey: string | undefined }) => {
      asked.push(`${url} ${apiKey}`);
      return { status: 200, models: 2 };
    },
  };
  expect(await found({ text: ENGINES, env: { BOX_KEY: 'k' }, probes })).toEqual([
    'ok node',
    'ok config',
    'ok keys',
    'ok llama-server',
    'ok model-file',
    'ok upstream',
    'ok upstream',
    'ok port',
    'ok data-folder',
    'warn gateway',
  ]);
  expect(asked).toEqual(['http://box/v1/models k', 'http://localhost:11434/api/tags undefined']);
});

test('a key that is not set is one failure; the rest is looked at without it', async () => {
  const asked: unknown[] = [];
  const probes = {
    askUpstream: async ({ apiKey }: { apiKey: string | undefined }) => {
      asked.push(apiKey);
      return { status: 200 };
    },
  };
  expect(await found({ text: ENGINES, probes })).toEqual(
    expect.arrayContaining(['ok config', 'fail keys', 'ok upstream']),
  );
  expect(asked).toEqual([undefined, undefined]);
});

test.each([
  ['queue: {max_waiting: lots}\n', /^g\.yaml:1:22 queue\.max_waiting/],
  ['a: [', /^g\.yaml:1:\d+/],
])('with a broken file only what does not depend on it is looked at: %j', async (text, detail) => {
  const checks = await examine(patient({ text }));
  expect(checks.map(({ name }) => name)).toEqual(['node', 'config', 'gateway']);
  expect(checks[1]).toMatchObject({
    status: 'fail',
    detail: expect.stringMatching(detail),
    fix: expect.stringContaining('config check g.yaml'),
  });
});

test('a file that cannot be found is a failure, not the end', async () => {
  const missing = new GollamaError('configuration', 'it does not exist', { hint: 'name another' });
  expect(await found({ patient: { findFile: () => Promise.reject(missing) } })).toContain('fail config');
});

test('without engines the simulated one is told of', async () => {
  expect(await found({})).toEqual([
    'ok node',
    'ok config',
    'warn engines',
    'ok port',
    'ok data-folder',
    'warn gateway',
  ]);
});

test('a server of ours that runs explains its port and its folder', async () => {
  const status = { version: '1', pid: 5, uptime_s: 1, engines: [] } as unknown as ServerStatus;
  const running = {
    installation: { listenProblem: async () => 'EADDRINUSE', holderOf: async () => 5 },
    probes: { askServer: async () => status },
  };
  expect((await found(running)).filter((line) => !line.startsWith('ok'))).toEqual(['warn engines']);
});

test('what is not there is told, and asked nothing', async () => {
  const program = new GollamaError('configuration', 'llama-server was not found');
  const installation = { engineFiles: () => ({ program, isLlamaServer: false, model: program }) };
  const probes = {
    askVersion: () => Promise.reject(new Error('asked')),
    readModelHead: () => Promise.reject(new Error('asked')),
  };
  const lines = await found({ text: 'engines: [{kind: llama-server}]\n', installation, probes });
  expect(lines).toEqual(expect.arrayContaining(['fail llama-server', 'fail model-file']));
});
