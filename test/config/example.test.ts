import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { exampleFile } from '../../src/config/example.js';
import { kindsOf, membersOf } from '../../src/config/keys.js';
import { configSchema } from '../../src/config/schema.js';
import { ENGINE_KINDS } from '../../src/engine/engine.js';
import { loadText } from './load-text.js';

const FOLDER = new URL('../../config/examples/', import.meta.url);
const ENV = { ALICE_KEY: 'a', BATCH_KEY: 'b', HOSTED_KEY: 'c', TEAM_KEY: 'd' };

// To write the file anew: npx vitest run test/config/example.test.ts -u
test('the example file is what the schema says', async () => {
  await expect(exampleFile()).toMatchFileSnapshot('../../config/gollama.example.yaml');
});

test('the example file changes no default', async () => {
  const { config, warnings } = await loadText(exampleFile());
  expect(config).toEqual((await loadText(undefined)).config);
  expect(warnings).toEqual([]);
});

test('the example file is valid with everything in it uncommented once', async () => {
  const head = exampleFile().indexOf('\nserver:');
  const live = exampleFile()
    .slice(head)
    .replace(/^ *(api_keys|engines): \[\].*$/gm, '')
    .replace(/^( *)# /gm, '$1');
  const { config, warnings } = await loadText(live, { env: ENV });
  expect(warnings).toEqual([]);
  // The last one stands in the section `ollama`.
  expect(config.engines.map((engine) => engine.kind)).toEqual([...ENGINE_KINDS, 'ollama']);
  expect(config.queue.storagePath).toBe('./data');
  expect(config.server.apiKeys).toMatchObject([{ name: 'alice', maxPriority: 5, maxConcurrency: 2 }]);
  expect(config.queue.maxConcurrency).toBe(1);
});

test('the schema knows the kinds of engine that there are', () => {
  const engines = membersOf(configSchema).get('engines');
  expect([...kindsOf(engines?.schema ?? configSchema).keys()]).toEqual([...ENGINE_KINDS]);
});

test.each(readdirSync(FOLDER))('config/examples/%s loads without a warning', async (name) => {
  const { config, warnings } = await loadText(readFileSync(new URL(name, FOLDER), 'utf8'), { env: ENV });
  expect(warnings).toEqual([]);
  expect(config.engines.length).toBeGreaterThan(0);
});
