import { GollamaCommand } from '../src/cli/base-command.js';
import { Args } from '../src/cli/oclif.js';
import { REFERENCE_FLAGS } from '../src/cli/reference-flags.js';

export default class Retry extends GollamaCommand {
  static override summary = 'Let failed or cancelled tasks run again, under their ids';
  static override description = 'Exit codes: 0 all wait again · 5 unknown · 1 neither failed nor cancelled.';
  static override examples = [
    '<%= config.bin %> retry 01-7f3a9c',
    '<%= config.bin %> list --status failed --json | jq -r ".tasks[].id" | xargs <%= config.bin %> retry',
  ];
  static override strict = false;
  static override args = { id: Args.string({ required: true, description: 'ids of tasks', ignoreStdin: true }) };
  static override flags = REFERENCE_FLAGS;

  override async run(): Promise<object> {
    const { argv, flags } = await this.parse(Retry);
    const { eachTask } = await import('../src/cli/each-task.js');
    const client = await this.client(flags);
    const { results, exitCode } = await eachTask(argv.map(String), (id) => client.retryTask(id));
    for (const { task_id, error } of results) {
      if (error) this.say(`Failed to retry task ${task_id}: ${error.message}`);
      else this.log(`Task ${task_id} waits again`);
    }
    process.exitCode = exitCode;
    return { results };
  }
}
