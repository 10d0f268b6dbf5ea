/** The answers of a chat outlive their server: it is killed in the middle of one, started again, and the answer goes on. */
import { afterEach, describe, expect, it } from 'vitest';
import { chooseAnswers } from '../../src/chat/choose-answers.js';
import { findFreePort } from '../../src/engine/supervisor/port.js';
import { QUESTION, Told } from '../chat/told.js';
import { endAll } from '../support/ending.js';
import { GollamaProcess } from '../support/gollama-process.js';
import { getTask, kill, RECOVERY_PATIENCE_MS, recoverable } from '../support/recoverable.js';

afterEach(endAll);

describe('an answer of a chat', () => {
  it(
    'goes on after its server was killed, without retries of its task',
    async () => {
      const { upstream, place, config } = await recoverable();
      const port = String(await findFreePort());
      const args = ['serve', '-c', config, '--port', port, '--data-dir', place.dataDir, '--log-level', 'debug'];
      const serve = async () => {
        const started = GollamaProcess.start(args, { place });
        await started.listening();
        return started;
      };
      const first = await serve();
      const { answers } = await chooseAnswers({ server: first.url });
      const told = new Told(answers.ask(QUESTION, new AbortController().signal));
      const cut = await upstream.next();
      cut.beginStream();
      cut.say('once ');
      await told.until('text once ');
      await kill(first);
      await told.until('reconnecting');
      const second = await serve();
      const whole = await upstream.next();
      whole.beginStream();
      whole.say('once more');
      whole.endStream();
      const events = await told.all;
      const again = events.lastIndexOf('again restarted');
      expect(again).toBeGreaterThan(events.indexOf('text once '));
      expect(events.slice(again).filter((event) => /^(text|end)/.test(event))).toEqual(['text once more', 'end stop']);
      const [id] = ((await (await fetch(`${second.url}/api/tasks`)).json()) as { id: string }[]).map((task) => task.id);
      expect(await getTask(second, id ?? '')).toMatchObject({ status: 'completed', max_retries: 0, retry_count: 0 });
    },
    RECOVERY_PATIENCE_MS,
  );
});
