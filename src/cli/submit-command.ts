/** What `gollama submit chat`, `generate` and `embed` share: they send a task, and wait for its answer where asked to. */
import { GollamaError } from '../base/errors.js';
import type { Client } from '../client/client.js';
import type { NewTask } from '../client/new-task.js';
import type { TaskReport } from '../protocol/task.js';
import { GollamaCommand, type ServerFlags } from './base-command.js';
import { type SubmitFlags, taskMembers, timeoutOf } from './submit-flags.js';

type Asked = Pick<NewTask, 'type' | 'model' | 'payload'>;

export abstract class SubmitCommand extends GollamaCommand {
  /** Sends the task; what it returns is what `--json` prints. */
  protected async submit(asked: Asked, flags: SubmitFlags & ServerFlags): Promise<object> {
    const task = { ...asked, ...taskMembers(flags) };
    const timeoutMs = timeoutOf(flags);
    const client = await this.client(flags);
    const id = await client.submitTask(task);
    if (flags.wait || flags.stream) {
      const ended = await this.awaited(client, id, { ...flags, timeoutMs });
      return { task_id: id, ...ended };
    }
    const submitted = { model: task.model, status: 'submitted', task_id: id, type: task.type };
    this.log(submittedText(submitted, flags.output));
    if (process.stderr.isTTY) this.say(`  follow: gollama attach ${id} · look: gollama status ${id}`);
    return submitted;
  }

  /** Prints the answer of that task. Rejects where the task does not complete, and with `wait_timeout`. */
  protected async awaited(
    client: Client,
    id: string,
    how: { readonly stream: boolean; readonly output?: string | undefined; readonly timeoutMs?: number | undefined },
  ): Promise<TaskReport> {
    const [{ Interrupt }, { Deadline }, { systemClock }, { checkCompleted, answerOf }] = await Promise.all([
      import('./interrupt.js'),
      import('../client/deadline.js'),
      import('../base/clock.js'),
      import('./task-result.js'),
    ]);
    const interrupt = new Interrupt();
    const deadline = new Deadline(systemClock, how.timeoutMs, interrupt.signal);
    try {
      if (how.stream && !this.jsonEnabled()) {
        const task = await this.#followed(client, id, deadline.signal);
        checkCompleted(task);
        return task;
      }
      const task = await client.waitForTask(id, { signal: deadline.signal });
      checkCompleted(task);
      this.log(how.output === 'json' ? JSON.stringify(task, null, 2) : answerOf(task));
      return task;
    } catch (thrown) {
      const hint = `follow it: gollama attach ${id} · stop it: gollama cancel ${id}`;
      if (interrupt.exitCode !== undefined) return this.interrupted(interrupt.exitCode, `task ${id} goes on`, hint);
      if (deadline.isOver)
        throw new GollamaError('wait_timeout', `task ${id} has not ended in time, and goes on`, { hint });
      throw thrown;
    } finally {
      deadline.dispose();
      interrupt.dispose();
    }
  }

  async #followed(client: Client, id: string, signal: AbortSignal): Promise<TaskReport> {
    const [{ followAnswer }, { printableLines }] = await Promise.all([
      import('./task-follow.js'),
      import('../base/printable.js'),
    ]);
    const isTerminal = process.stdout.isTTY;
    return followAnswer(client, id, {
      signal,
      print: (text) => void process.stdout.write(isTerminal ? printableLines(text) : text),
      note: (line) => this.say(line),
    });
  }
}

/** The forms of Ollama Queue, or the id alone. */
function submittedText(
  submitted: { model: string; task_id: string; type: string },
  output: string | undefined,
): string {
  if (output === 'json') return JSON.stringify(submitted, null, 2);
  if (output === undefined) return submitted.task_id;
  return [
    'Task submitted successfully',
    `Task ID: ${submitted.task_id}`,
    `Type: ${submitted.type}`,
    `Model: ${submitted.model}`,
    'Status: submitted',
  ].join('\n');
}
