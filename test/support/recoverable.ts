/** A server with tasks in a folder of its own that a test kills and starts again, and the engine behind it. */
import { expect } from 'vitest';
import type { TaskReport } from '../../src/protocol/task.js';
import { eventually } from './eventually.js';
import { FakeUpstream } from './fake-upstream.js';
import { GollamaProcess } from './gollama-process.js';
import { send } from './http.js';
import { makePlace, type Place } from './place.js';

export interface Recoverable {
  readonly upstream: FakeUpstream;
  readonly place: Place;
  /** Its configuration file. */
  readonly config: string;
  /** Starts the server, on the same folder each time. */
  readonly serve: () => Promise<GollamaProcess>;
}

export interface RecoverableOptions {
  /** Default: a new one. */
  readonly dataDir?: string;
  readonly retryDelay?: string;
}

/** Processes start slowly on a busy machine. */
export const RECOVERY_PATIENCE_MS = 60_000;

export async function recoverable({ dataDir, retryDelay = '1s' }: RecoverableOptions = {}): Promise<Recoverable> {
  const upstream = await FakeUpstream.start();
  const made = makePlace();
  const place = { ...made, dataDir: dataDir ?? made.dataDir };
  const config = place.write(
    'gollama.yaml',
    [
      `retry_config: {initial_delay: ${retryDelay}}`,
      `engines: [{kind: openai, name: e, base_url: "${upstream.url}", models: [m], slots: 2}]`,
      '',
    ].join('\n'),
  );
  return { upstream, place, config, serve: () => GollamaProcess.serve(['-c', config], { place }) };
}

export async function kill(server: GollamaProcess): Promise<void> {
  server.kill();
  await server.ended;
}

export function chatTask(prompt: string, more: object = {}): object {
  return { type: 'chat', model: 'm', payload: { messages: [{ role: 'user', content: prompt }] }, ...more };
}

/** Its id. */
export async function submitTask({ url }: GollamaProcess, task: object): Promise<string> {
  const answer = await send(`${url}/api/tasks`, { body: task });
  expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('task_id')]);
  return String(answer.json().task_id);
}

export async function getTask({ url }: GollamaProcess, id: string): Promise<TaskReport> {
  return (await send(`${url}/api/tasks/${id}`)).json();
}

export async function listTasks({ url }: GollamaProcess): Promise<readonly string[]> {
  return (await send(`${url}/api/tasks`)).json<TaskReport[]>().map(({ id }) => id);
}

export function taskBecomes(server: GollamaProcess, id: string, status: TaskReport['status']): Promise<TaskReport> {
  return eventually(`task ${id} is ${status}`, async () => {
    const report = await getTask(server, id);
    return report.status === status && report;
  });
}
