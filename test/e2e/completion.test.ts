/** Completion as it is installed: the script that gollama prints, in bash on a terminal, with a server that is running. */
import { dirname } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { Client } from '../../src/client/client.js';
import { endAll } from '../support/ending.js';
import { eventually } from '../support/eventually.js';
import { RUN_JS } from '../support/gollama-process.js';
import { makePlace } from '../support/place.js';
import { startShell } from '../support/shell-session.js';
import { startApp } from '../support/start-app.js';

afterEach(endAll);

/** gollama where completion is concerned; otherwise it says with which words it ran. */
const STAND_IN = `#!/bin/sh
case "$1" in __complete|completion) exec "${process.execPath}" "${RUN_JS}" "$@" ;; esac
printf 'RAN<'; for word in "$@"; do printf '[%s]' "$word"; done; printf '>\\n'
`;

it('in bash, models with colons and ids of tasks are completed from the server', async () => {
  const app = await startApp('engines: [{kind: simulated, name: box, models: ["qwen3:0.6b"]}]');
  const id = await new Client(app.url).submitTask({
    type: 'generate',
    model: 'qwen3:0.6b',
    payload: { prompt: 'p' },
    delay: '1h',
  });
  const place = makePlace();
  const path = dirname(place.write('bin/gollama', STAND_IN, 0o755));
  const setUp = 'source <(gollama completion bash)';
  const session = await startShell('bash', place, { path, setUp, env: { GOLLAMA_URL: app.url } });
  // A server that takes more than a moment is not waited for, so a busy machine may need another key.
  const runs = (keys: string, ran: string) =>
    eventually(`${keys} becoming ${ran}`, async () => (await session.press(keys)).includes(`RAN<${ran}>`));
  await runs('gollama submit chat -m qwen3:0\t', '[submit][chat][-m][qwen3:0.6b]');
  await runs(`gollama cancel ${id.slice(0, 2)}\t--json`, `[cancel][${id}][--json]`);
  expect(await session.press('gollama ser\t--che\t')).toContain('RAN<[serve][--check]>');
});
