import { GollamaCommand } from '../src/cli/base-command.js';
import { Flags } from '../src/cli/oclif.js';
import { REFERENCE_FLAGS } from '../src/cli/reference-flags.js';

export default class List extends GollamaCommand {
  static override summary = 'List tasks, newest first';
  static override examples = [
    '<%= config.bin %> list --status running --limit 10',
    '<%= config.bin %> list --status failed,cancelled --since 24h',
    '<%= config.bin %> list --priority high --model qwen3 --json',
  ];
  static override flags = {
    ...REFERENCE_FLAGS,
    status: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'WORD',
      description: 'pending, running, completed, failed, cancelled',
    }),
    type: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'WORD',
      description: 'chat, generate, embed',
    }),
    priority: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'NAME|N',
      description: 'by name or number',
    }),
    model: Flags.string({
      char: 'm',
      multiple: true,
      multipleNonGreedy: true,
      description: 'of this model; repeatable',
    }),
    since: Flags.string({ helpValue: '24h|RFC3339', description: 'submitted since then' }),
    limit: Flags.integer({ min: 0, description: 'at most so many' }),
    offset: Flags.integer({ min: 0, description: 'without the first ones' }),
    output: Flags.string({ options: ['table', 'json'], description: 'json: the bare list', default: 'table' }),
  };

  override async run(): Promise<object> {
    const { flags } = await this.parse(List);
    const [{ listQuery }, { taskTable }] = await Promise.all([
      import('../src/cli/list-query.js'),
      import('../src/cli/task-table.js'),
    ]);
    const query = listQuery(flags);
    const { tasks, total } = await (await this.client(flags)).listTasks(query);
    const { isTTY, columns } = process.stdout;
    this.log(
      flags.output === 'json' ? JSON.stringify(tasks, null, 2) : taskTable(tasks, total, isTTY ? columns : undefined),
    );
    return { tasks, total };
  }
}
