/** `gollama doctor` over real programs, files, ports and servers. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { findFreePort } from '../../src/engine/supervisor/port.js';
import { atEnd, endAll } from '../support/ending.js';
import { GollamaProcess, gollama } from '../support/gollama-process.js';
import { makePlace, type Place } from '../support/place.js';

afterEach(endAll);

interface Told {
  readonly checks: readonly {
    readonly name: string;
    readonly status: string;
    readonly detail: string;
    readonly fix: string | null;
  }[];
}

async function examined(place: Place, env: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await gollama(['doctor', '--json'], { place, env });
  expect(stderr).toBe('');
  const { checks } = JSON.parse(stdout) as Told;
  return { code, checks, of: (name: string) => checks.filter((check) => check.name === name) };
}

const LLAMA_SERVER = '#!/bin/sh\necho "ggml_cuda_init: found 1 device" >&2\necho "version: 6000 (abc123)" >&2\n';

describe('gollama doctor', () => {
  it('finds nothing wrong where nothing is, and what there is', async () => {
    const place = makePlace();
    const models = createServer((_, response) => response.end('{"object":"list","data":[{"id":"m"}]}')).listen(
      0,
      '127.0.0.1',
    );
    atEnd(() => models.close());
    await once(models, 'listening');
    const { port } = models.address() as AddressInfo;
    const bin = place.write('llama-server', LLAMA_SERVER, 0o755);
    place.write('m.gguf', 'GGUF....');
    place.write(
      'gollama.yaml',
      `server: {addr: "127.0.0.1:${await findFreePort()}"}
data_dir: ${place.dataDir}
engines:
  - {kind: llama-server, name: own, bin: ${bin}, args: [-m, m.gguf]}
  - {kind: openai, name: far, base_url: "http://127.0.0.1:${port}/v1"}
`,
    );
    const { code, of, checks } = await examined(place);
    expect([code, checks.filter(({ status }) => status !== 'ok').map(({ name }) => name)]).toEqual([0, ['gateway']]);
    expect(of('llama-server')[0]?.detail).toBe(`own: ${bin}, version 6000 (abc123)`);
    expect(of('model-file')[0]?.detail).toMatch(/^own: .*\/m\.gguf, 8 B$/);
    expect(of('upstream')[0]?.detail).toBe(`far: http://127.0.0.1:${port}/v1 answers, 1 model`);
    expect(of('data-folder')[0]?.detail).toMatch(/\d [KMGT]B free$/);
  });

  it('tells every failure with what to do, and ends with 4', async () => {
    const place = makePlace();
    const other = createServer().listen(0, '127.0.0.1');
    atEnd(() => other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    place.write('m.gguf', '<html>');
    place.write('file', '');
    place.write(
      'gollama.yaml',
      `server: {addr: "127.0.0.1:${port}"}
data_dir: ${place.cwd}/file
engines:
  - {kind: llama-server, bin: ./none, model_path: m.gguf}
  - {kind: openai, base_url: "http://127.0.0.1:${await findFreePort()}", api_key_env: NO_SUCH_KEY}
`,
    );
    other.on('request', (_, response) => response.end('hello'));
    const { code, checks } = await examined(place);
    expect(code).toBe(4);
    expect(checks.filter(({ status }) => status === 'fail').map(({ name }) => name)).toEqual([
      'keys',
      'llama-server',
      'model-file',
      'upstream',
      'port',
      'data-folder',
    ]);
    for (const { status, fix } of checks) if (status !== 'ok') expect(fix).toMatch(/\w/);
    const text = await gollama(['doctor'], { place });
    expect([text.code, text.stderr]).toEqual([4, '']);
    expect(text.stdout).toMatch(/^ok +node +v/);
    expect(text.stdout).toMatch(/\n6 problems, \d warning/);
  });

  it('knows the server that runs, by the address in the file, and who else has its folder', async () => {
    const place = makePlace();
    const port = await findFreePort();
    place.write(
      'gollama.yaml',
      `server: {addr: "127.0.0.1:${port}"}\ndata_dir: ${place.dataDir}\nengines: [{kind: simulated}]\n`,
    );
    const server = GollamaProcess.start(['serve', '--log-level', 'debug'], { place });
    await server.ready();
    const { code, of, checks } = await examined(place);
    expect([code, checks.filter(({ status }) => status !== 'ok')]).toEqual([0, []]);
    expect(of('port')[0]?.detail).toContain(`in use by gollama`);
    expect(of('data-folder')[0]?.detail).toContain('in use by the server that runs');
    expect(of('gateway')[0]?.detail).toContain(`(pid ${server.pid}, up `);

    const again = await gollama(['serve'], { place });
    expect(again.code).toBe(4);
    expect(again.stderr).toMatch(
      new RegExp(`^error: http://127.0.0.1:${port} is in use by gollama .*pid ${server.pid}`),
    );
    expect(again.stderr).toMatch(new RegExp(`hint: use it: gollama status; stop it: kill ${server.pid}; .*--data-dir`));
    expect((await gollama(['status'], { place })).stdout).toContain(`http://127.0.0.1:${port}`);

    const elsewhere = await examined(place, { GOLLAMA_SERVER_ADDR: `127.0.0.1:${await findFreePort()}` });
    expect([elsewhere.code, elsewhere.of('data-folder')[0]?.detail]).toEqual([
      4,
      expect.stringContaining(`in use by process ${server.pid}`),
    ]);
  });
});
