/** How the reference gateway's users have their engine supervised: requirements ENG-1 to ENG-3 of its contract. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isGroupRunning } from '../../src/engine/supervisor/process-identity.js';
import { endAll } from '../support/ending.js';
import { chatCompletion } from '../support/fake-upstream.js';
import { GollamaProcess, gollama } from '../support/gollama-process.js';
import { open, send } from '../support/http.js';
import { type Puppet, puppet, referenceSetup, simulation } from '../support/reference-setup.js';
import { type StartedApp, startApp } from '../support/start-app.js';

afterEach(endAll);

const CHAT = '/v1/chat/completions';
const QUESTION = { model: 'local', messages: [{ role: 'user', content: 'hi' }] };

describe('ENG-1: the engine block', () => {
  it('is served by the reference command line, from ./config.yaml, with its log file', async () => {
    const { place } = await referenceSetup(simulation());
    const server = GollamaProcess.start(['serve', '--port', '0'], { place });
    const url = await server.ready();
    const answer = await send(url + CHAT, { body: QUESTION });
    expect(answer.status).toBe(200);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    const lines = readFileSync(`${place.cwd}/server.log`, 'utf8').trim().split('\n');
    const records = lines.map((line) => JSON.parse(line) as { msg: string });
    expect(records.some(({ msg }) => msg === 'engine ready')).toBe(true);
    expect(records.some(({ msg }) => msg === 'engine output')).toBe(true);
  });

  it('keeps the engine running: killed, it is told by /healthz, started again, and answers again', async () => {
    const { place } = await referenceSetup(simulation(), { restart_backoff: '300ms' });
    const server = await GollamaProcess.serve([], { place });
    const url = await server.ready();
    process.kill(server.enginePids[0]!, 'SIGKILL');
    const failed = await server.record(({ msg }) => msg === 'engine failed');
    expect(failed.problem).toContain('it was killed (SIGKILL)');
    const down = await send(`${url}/healthz`);
    expect(down.status).toBe(503);
    expect(down.text).toMatch(/^\{"status":"engine_not_ready"/);
    await server.record(({ msg }) => msg === 'engine ready');
    expect(server.enginePids).toHaveLength(2);
    expect((await send(`${url}/healthz`)).text).toBe('{"status":"ok"}');
    expect((await send(url + CHAT, { body: QUESTION })).status).toBe(200);
    const status = (await send(`${url}/api/status`)).json<{ engines: { restarts: number }[] }>();
    expect(status.engines[0]?.restarts).toBe(1);
  });

  it('lets requests that come while the engine restarts wait for it', async () => {
    const { place } = await referenceSetup(simulation(), { restart_backoff: '300ms' });
    const server = await GollamaProcess.serve([], { place });
    const url = await server.ready();
    process.kill(server.enginePids[0]!, 'SIGKILL');
    await server.record(({ msg }) => msg === 'engine failed');
    expect((await send(url + CHAT, { body: QUESTION })).status).toBe(200);
  });

  it('ends with exit code 1 and the engine’s own words where the first start fails', async () => {
    const { place } = await referenceSetup('echo "error: unknown argument: --bogus" >&2; exit 1', {
      start_timeout: '10m',
    });
    const ended = await gollama(['serve', '--port', '0'], { place });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/error: engine .* could not be started: it does not accept its arguments.*--bogus/);
    expect(ended.stderr).toMatch(/hint: correct the engine arguments/);
  });
});

describe('ENG-2: readiness', () => {
  const state = (app: StartedApp) => app.status().engines[0]?.state;

  async function starting(begun: Puppet) {
    const app = await startApp(begun.yaml, { place: begun.place, startEngines: false });
    const started = app.app.startEngines();
    started.catch(() => {});
    return { app, started };
  }

  it('needs the line too where /health answers already', async () => {
    const begun = await puppet({ ready_pattern: '"server is (ready|up)"' }, { slots: 2 });
    const { app, started } = await starting(begun);
    await begun.upstream.looked();
    begun.say('server is loading');
    await begun.upstream.looked();
    await begun.upstream.looked();
    expect(state(app)).toBe('starting');
    begun.say('now the server is up.');
    await started;
    expect(state(app)).toBe('ready');
  });

  it('needs /health too where the line was there already: "not ready yet" fools nobody', async () => {
    const begun = await puppet({}, { slots: 2 });
    begun.upstream.health = 503;
    begun.say('HTTP server is listening');
    begun.say('model is not ready yet');
    const { app, started } = await starting(begun);
    for (let look = 0; look < 5; look += 1) await begun.upstream.looked();
    expect(state(app)).toBe('starting');
    expect((await send(`${app.url}/healthz`)).status).toBe(503);
    begun.upstream.health = 200;
    await started;
    expect(state(app)).toBe('ready');
  });

  it.each(['stdout', 'stderr'])('sees the line on %s', async (stream) => {
    const redirect = stream === 'stderr' ? '>&2' : '';
    const { place, yaml } = await referenceSetup(`echo "made ready by hand" ${redirect}; ${simulation()}`, {
      ready_pattern: '"^made ready by hand$"',
    });
    const app = await startApp(yaml, { place });
    expect(state(app)).toBe('ready');
  });

  it('gives up after start_timeout without a sign of progress', async () => {
    const begun = await puppet({ start_timeout: '300ms', stop_timeout: '1s' });
    begun.upstream.health = 404;
    const { started } = await starting(begun);
    await expect(started).rejects.toMatchObject({
      code: 'engine_error',
      message: expect.stringContaining('no line of its output matches ready_pattern'),
    });
  });

  it('survives a line of any length', async () => {
    const { place, yaml } = await referenceSetup(
      `head -c 5000000 /dev/zero | tr '\\0' x; echo; head -c 300000 /dev/zero | tr '\\0' y >&2; ${simulation()}`,
    );
    const app = await startApp(yaml, { place });
    expect((await send(app.url + CHAT, { body: QUESTION })).status).toBe(200);
  });
});

describe('ENG-3: the end', () => {
  const ready = async (begun: Puppet) => {
    begun.say('listening');
    const server = await GollamaProcess.serve([], { place: begun.place });
    await server.ready();
    return server;
  };

  it('lets a running stream end, refuses what comes meanwhile, then stops the engine', async () => {
    const begun = await puppet({ stop_timeout: '1h' }, { slots: 2 });
    const server = await ready(begun);
    const [enginePid] = server.enginePids;
    const asked = open(server.url + CHAT, { body: { ...QUESTION, stream: true } });
    const call = await begun.upstream.next();
    call.beginStream();
    call.say('before');
    const answer = await asked;
    await answer.until('before');
    server.signal('SIGTERM');
    await server.record(({ msg }) => msg.startsWith('draining'));
    expect(isGroupRunning(enginePid!)).toBe(true);
    const refused = await send(server.url + CHAT, { body: QUESTION });
    expect([refused.status, refused.error.code]).toEqual([503, 'shutting_down']);
    expect((await send(`${server.url}/healthz`)).status).toBe(503);
    call.say('after');
    await answer.until('after');
    call.endStream();
    expect(await answer.ended).toBe('complete');
    expect(answer.events.at(-1)).toBe('[DONE]');
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect(isGroupRunning(enginePid!)).toBe(false);
  });

  it('lets a JSON answer under way end, too, and ends what waits', async () => {
    const begun = await puppet({ max_concurrency: '1' }, { slots: 1 });
    const server = await ready(begun);
    const running = open(server.url + CHAT, { body: QUESTION });
    const call = await begun.upstream.next();
    const waits = await open(server.url + CHAT, { body: { ...QUESTION, stream: true } });
    await waits.until(': queued');
    server.signal('SIGINT');
    await waits.ended;
    expect(JSON.parse(waits.events.at(-1) ?? '')).toMatchObject({ error: { code: 'shutting_down' } });
    call.answer(200, chatCompletion('done'));
    expect((await running).status).toBe(200);
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });

  it('ends at once at the second signal, and takes the engine with it', async () => {
    const begun = await puppet({}, { slots: 2, ignoresSignals: true });
    const server = await ready(begun);
    const asked = open(server.url + CHAT, { body: { ...QUESTION, stream: true } });
    const call = await begun.upstream.next();
    call.beginStream();
    call.say('before');
    const answer = await asked;
    await answer.until('before');
    server.signal('SIGTERM');
    await server.record(({ msg }) => msg.startsWith('draining'));
    server.signal('SIGTERM');
    expect(await server.ended).toEqual({ code: 143, signal: null });
    expect(await answer.ended).toBe('cut');
    await vi.waitFor(() => expect(isGroupRunning(server.enginePids[0]!)).toBe(false));
  });

  it('kills an engine that ignores signals after stop_timeout', async () => {
    const begun = await puppet({ stop_timeout: '200ms' }, { slots: 2, ignoresSignals: true });
    const server = await ready(begun);
    server.signal('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect(isGroupRunning(server.enginePids[0]!)).toBe(false);
  });

  it('comes at once where a signal arrives while the engine still starts', async () => {
    const begun = await puppet({ start_timeout: '1h', stop_timeout: '1h' });
    const server = await GollamaProcess.serve([], { place: begun.place });
    await server.record(({ msg }) => msg === 'engine process started');
    server.signal('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect(isGroupRunning(server.enginePids[0]!)).toBe(false);
  });
});
