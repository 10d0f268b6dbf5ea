import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/base/logger.js';
import { Metrics } from '../../../src/base/metrics.js';
import { healthRoutes } from '../../../src/gateway/routes/health.js';
import { Pool } from '../../../src/pool/pool.js';
import { ScriptedEngine } from '../../support/scripted-engine.js';

function make() {
  const engines = [new ScriptedEngine(), new ScriptedEngine({ name: 'two' })];
  const members = engines.map((engine) => ({ engine, models: [], aliases: [], weight: 1 }));
  const metrics = new Metrics();
  const server = Fastify();
  let isStopping = false;
  healthRoutes({ pool: new Pool(members, silentLogger), metrics, stopping: () => isStopping })(server);
  const stop = () => {
    isStopping = true;
  };
  return { engines, metrics, stop, get: (url: string) => server.inject({ url }) };
}

describe('the health pages', () => {
  it('say that the process is there, whatever the engines do', async () => {
    const { engines, get } = make();
    for (const engine of engines) engine.become({ state: 'crash-loop' });
    const answer = await get('/health');
    expect([answer.statusCode, answer.body]).toEqual([200, 'OK']);
  });

  it('say that it can answer as long as one engine is ready', async () => {
    const { engines, get } = make();
    engines[0]?.become({ state: 'backoff' });
    const answer = await get('/healthz');
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'ok' }]);
  });

  it('say which engines are missing, and nothing that is nobody’s business', async () => {
    const { engines, get } = make();
    for (const engine of engines) engine.become({ state: 'backoff', problem: 'no /secret/path/model.gguf' });
    const answer = await get('/healthz');
    expect([answer.statusCode, answer.json()]).toEqual([
      503,
      {
        status: 'engine_not_ready',
        engines: [
          { name: 'one', state: 'backoff' },
          { name: 'two', state: 'backoff' },
        ],
      },
    ]);
  });

  it('say that the server stops, so that no new requests are sent here', async () => {
    const { get, stop } = make();
    stop();
    expect((await get('/healthz')).json()).toEqual({ status: 'shutting_down' });
  });

  it('tell the numbers in the form of Prometheus', async () => {
    const { metrics, get } = make();
    metrics.attempts.inc({ engine: 'one' });
    const answer = await get('/metrics');
    expect(answer.headers['content-type']).toContain('text/plain');
    expect(answer.body).toContain('gollama_attempts_total{engine="one"} 1');
  });
});
