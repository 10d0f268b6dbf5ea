import { Args, Flags } from '../src/cli/oclif.js';
import { REFERENCE_FLAGS } from '../src/cli/reference-flags.js';
import { SubmitCommand } from '../src/cli/submit-command.js';

export default class Attach extends SubmitCommand {
  static override summary = 'Follow the answer of a task from its beginning';
  static override description = `Goes on across restarts of the server. With --json it waits and prints the task.
Exit codes: 0 completed · 1 failed or cancelled · 5 unknown · 10 timed out · 130 Ctrl+C (the task goes on).`;
  static override examples = [
    '<%= config.bin %> attach 01-7f3a9c',
    '<%= config.bin %> attach 01-7f3a9c --timeout 5m > answer.txt',
  ];
  static override args = {
    id: Args.string({ required: true, description: 'id of the task', ignoreStdin: true }),
  };
  static override flags = {
    ...REFERENCE_FLAGS,
    timeout: Flags.string({ helpValue: '5m', description: 'leave after that, with exit code 10' }),
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(Attach);
    const { timeoutOf } = await import('../src/cli/submit-flags.js');
    const timeoutMs = timeoutOf({ ...flags, wait: true, stream: true });
    return this.awaited(await this.client(flags), args.id, { stream: true, timeoutMs });
  }
}
