import { GollamaCommand } from '../src/cli/base-command.js';
import { Args } from '../src/cli/oclif.js';
import { REFERENCE_FLAGS } from '../src/cli/reference-flags.js';

export default class Cancel extends GollamaCommand {
  static override summary = 'Cancel tasks, also running ones';
  static override description = 'Exit codes: 0 all were cancelled · 5 unknown · 1 ended already.';
  static override examples = [
    '<%= config.bin %> cancel 01-7f3a9c',
    '<%= config.bin %> list --status pending --json | jq -r ".tasks[].id" | xargs <%= config.bin %> cancel',
  ];
  static override strict = false;
  static override args = { id: Args.string({ required: true, description: 'ids of tasks', ignoreStdin: true }) };
  static override flags = REFERENCE_FLAGS;

  override async run(): Promise<object> {
    const { argv, flags } = await this.parse(Cancel);
    const { checkDone, eachTask } = await import('../src/cli/each-task.js');
    const client = await this.client(flags);
    const { results, exitCode } = await eachTask(argv.map(String), async (id) => {
      await client.cancelTask(id);
      checkDone(id, (await client.getTask(id)).status, ['cancelled']);
    });
    for (const { task_id, error } of results) {
      if (error) this.say(`Failed to cancel task ${task_id}: ${error.message}`);
      else this.log(`Task ${task_id} cancelled successfully`);
    }
    process.exitCode = exitCode;
    return { results };
  }
}
