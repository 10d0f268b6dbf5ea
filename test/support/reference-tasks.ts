/** A user of the reference task queue: its configuration file, an Ollama server that the test plays, and clients of its API. */
import { expect } from 'vitest';
import type { TaskReport } from '../../src/protocol/task.js';
import { atEnd } from './ending.js';
import { eventually } from './eventually.js';
import { type Answer, send } from './http.js';
import { PuppetOllama } from './puppet-ollama.js';
import { type AppSetup, type StartedApp, startApp } from './start-app.js';

export interface TaskServerSetup extends AppSetup {
  /** Default: one that was started for this server. */
  readonly ollama?: PuppetOllama;
  /** More lines of the file. */
  readonly yaml?: string;
  readonly retry?: string;
  readonly workers?: number;
}

export interface TaskServer extends TaskClient {
  readonly app: StartedApp;
  readonly ollama: PuppetOllama;
  /** As many calls as there are workers, held by the test: nothing else can start. */
  busy(): Promise<readonly { complete(): void }[]>;
}

const QUICK = '{max_retries: 3, initial_delay: 5ms, max_delay: 20ms, backoff_factor: 2.0}';

export async function taskServer(setup: TaskServerSetup = {}): Promise<TaskServer> {
  const { ollama = await PuppetOllama.start(), yaml = '', retry = QUICK, workers = 4, ...rest } = setup;
  const file = `ollama_host: "${ollama.url}"\nmax_workers: ${workers}\nretry_config: ${retry}\n${yaml}`;
  const app = await startApp(file, rest);
  // What a test still holds must not be waited for.
  atEnd(() => ollama.stop());
  const client = new TaskClient(app.url);
  const busy = async () => {
    for (let held = 0; held < workers; held += 1) await client.submit(chat('held', { priority: 100 }));
    return ollama.take(workers);
  };
  return Object.assign(client, { app, ollama, busy });
}

/** One server for several tests, started with the first of them. */
export function shared(setup: TaskServerSetup = {}): () => Promise<TaskServer> {
  let started: Promise<TaskServer> | undefined;
  return () => {
    started ??= taskServer(setup);
    return started;
  };
}

/** What the reference's clients do, without its client. */
export class TaskClient {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  post(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return send(this.url + path, { method: 'POST', headers, ...(body === undefined ? {} : { body }) });
  }

  /** Its id. */
  async submit(task: object): Promise<string> {
    const answer = await this.post('/api/tasks', task);
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('task_id')]);
    return String(answer.json().task_id);
  }

  async get(id: string): Promise<TaskReport> {
    return (await send(`${this.url}/api/tasks/${encodeURIComponent(id)}`)).json();
  }

  async list(query = ''): Promise<TaskReport[]> {
    return (await send(`${this.url}/api/tasks${query}`)).json();
  }

  async ids(query = ''): Promise<string[]> {
    return (await this.list(query)).map(({ id }) => id);
  }

  async stats(): Promise<Record<string, unknown>> {
    return (await send(`${this.url}/api/status`)).json();
  }

  becomes(id: string, status: TaskReport['status']): Promise<TaskReport> {
    return eventually(`task ${id} is ${status}`, async () => {
      const report = await this.get(id);
      return report.status === status && report;
    });
  }

  /** It failed, and waits for its next try. */
  waits(id: string): Promise<TaskReport> {
    return eventually(`task ${id} waits for its next try`, async () => {
      const report = await this.get(id);
      return report.status === 'pending' && report.retry_count > 0 && report;
    });
  }
}

/** For a task that is not to run. */
export const LATER = { delay: '1h' };

export function chat(content: string, more: object = {}): object {
  return { type: 'chat', model: 'm1', payload: { messages: [{ role: 'user', content }] }, ...more };
}
