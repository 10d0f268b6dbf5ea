/** What users of the reference task queue rely on, one block for each requirement of its contract: its files and variables. */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { endAll } from '../support/ending.js';
import { GollamaProcess } from '../support/gollama-process.js';
import { makePlace } from '../support/place.js';
import { PuppetOllama } from '../support/puppet-ollama.js';
import { chat, TaskClient } from '../support/reference-tasks.js';
import { startApp } from '../support/start-app.js';

afterAll(endAll, 60_000);

describe('CFG-1: the files and variables of the reference', () => {
  const read = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
  const files = { nested: read('reference-task-queue.yaml'), flat: read('reference-task-queue-flat.yaml') };

  it('are found where the reference looks, read unchanged, and not written: ~/.ollama-queue/config.yaml', {
    timeout: 40_000,
  }, async () => {
    const ollama = await PuppetOllama.start();
    const place = makePlace();
    const text = `${files.nested.replace('http://gpu-box:11434', ollama.url)}colour: red\n`;
    const path = place.write(`${place.home}/.ollama-queue/config.yaml`, text);
    const server = await GollamaProcess.serve([], { place });
    const client = new TaskClient(server.url);
    expect(await client.stats()).toMatchObject({ workers_idle: 8 });
    const id = await client.submit(chat('hi'));
    (await ollama.next()).complete();
    expect(await client.becomes(id, 'completed')).toMatchObject({ max_retries: 5 });
    expect(server.records.some(({ level, msg, ...rest }) => /colour/.test(JSON.stringify([level, msg, rest])))).toBe(
      true,
    );
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('work in the flat spelling too, as JSON', async () => {
    const ollama = await PuppetOllama.start({ answer: (call) => call.complete() });
    const app = await startApp(JSON.stringify(parse(files.flat)).replace('http://gpu-box:11434', ollama.url));
    const client = new TaskClient(app.url);
    expect(await client.stats()).toMatchObject({ workers_idle: 8 });
    const id = await client.submit(chat('hi'));
    expect(await client.becomes(id, 'completed')).toMatchObject({ max_retries: 5 });
  });

  it('come after flags and the environment', { timeout: 40_000 }, async () => {
    const [ofFile, ofFlag] = [await PuppetOllama.start(), await PuppetOllama.start()];
    const place = makePlace();
    place.write('config.yaml', files.flat.replace('http://gpu-box:11434', ofFile.url));
    const env = { OLLAMA_HOST: 'http://127.0.0.1:1', QUEUE_MAX_WORKERS: '3' };
    const server = await GollamaProcess.serve(['--ollama-host', ofFlag.url], { place, env });
    const client = new TaskClient(server.url);
    expect(await client.stats()).toMatchObject({ workers_idle: 3 });
    const id = await client.submit(chat('hi'));
    (await ofFlag.next()).complete();
    expect(await client.becomes(id, 'completed')).toMatchObject({ max_retries: 5 });
    expect(ofFile.count).toBe(0);
  });
});
