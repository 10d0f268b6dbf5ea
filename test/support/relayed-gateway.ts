/** A gateway in this process in front of one fake server, and a client that asks it. */

import { expect, vi } from 'vitest';
import { FakeUpstream } from './fake-upstream.js';
import { begin, type Sending } from './http.js';
import { load } from './load.js';
import { type AppSetup, type StartedApp, startApp } from './start-app.js';

export const CHAT = '/v1/chat/completions';
export const QUESTION = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };

export interface RelayedGateway {
  readonly upstream: FakeUpstream;
  readonly app: StartedApp;
  /** Sends the question with these members set. */
  ask(members?: object, headers?: Record<string, string>): Sending;
}

/** `yaml`: more of the configuration. */
export async function relayedGateway(yaml = '', setup: AppSetup = {}): Promise<RelayedGateway> {
  const upstream = await FakeUpstream.start();
  const app = await startApp(`engines: [{kind: openai, base_url: "${upstream.url}"}]\n${yaml}`, setup);
  return {
    upstream,
    app,
    ask: (members = {}, headers = {}) => begin(app.url + CHAT, { body: { ...QUESTION, ...members }, headers }),
  };
}

/** Resolves when so many requests wait. */
export function waiting(app: StartedApp, count: number): Promise<void> {
  return vi.waitFor(() => expect(app.status().waiting_interactive).toBe(count), { interval: 2, timeout: 5_000 });
}

/** Resolves when nothing waits and no slot is taken. */
export function idle(app: StartedApp): Promise<unknown> {
  return vi.waitFor(() => expect(load(app.status())).toEqual({ running: 0, waiting: 0 }), {
    interval: 2,
    timeout: 5_000,
  });
}
