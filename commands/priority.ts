import { GollamaCommand } from '../src/cli/base-command.js';
import { Args } from '../src/cli/oclif.js';
import { REFERENCE_FLAGS } from '../src/cli/reference-flags.js';

export default class Priority extends GollamaCommand {
  static override summary = 'Change the priority of a task';
  static override description = 'Among waiting tasks the higher number goes first. A negative level goes behind --.';
  static override examples = [
    '<%= config.bin %> priority 01-7f3a9c high',
    '<%= config.bin %> priority 01-7f3a9c 7',
    '<%= config.bin %> priority -- 01-7f3a9c -1',
  ];
  static override args = {
    id: Args.string({ required: true, description: 'id of the task', ignoreStdin: true }),
    level: Args.string({
      required: true,
      description: 'low (1), normal (5), high (10), critical (15), or any integer',
      ignoreStdin: true,
    }),
  };
  static override flags = REFERENCE_FLAGS;

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(Priority);
    const [{ checkDone }, { priorityText }, { priorityOf }] = await Promise.all([
      import('../src/cli/each-task.js'),
      import('../src/cli/priority-text.js'),
      import('../src/cli/submit-flags.js'),
    ]);
    const wanted = priorityOf('level', args.level);
    const client = await this.client(flags);
    await client.updateTaskPriority(args.id, wanted);
    // What came of it: a key may have a limit, and what has ended stays as it is.
    const { status, priority } = await client.getTask(args.id);
    checkDone(args.id, status, ['pending', 'running']);
    this.log(`Task ${args.id} priority updated to ${priorityText(priority)}`);
    return { task_id: args.id, priority, status };
  }
}
