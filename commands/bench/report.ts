import { GollamaCommand } from '../../src/cli/base-command.js';
import { Args, Flags } from '../../src/cli/oclif.js';

export default class BenchReport extends GollamaCommand {
  static override summary = 'Show a saved result again, or turn it into other forms';
  static override examples = [
    '<%= config.bin %> bench report bench.json',
    '<%= config.bin %> bench report bench.json --html report.html --junit out.xml',
  ];

  static override args = {
    file: Args.string({ description: 'a result of gollama bench --json', required: true, ignoreStdin: true }),
  };
  static override flags = {
    html: Flags.string({ helpValue: 'FILE', description: 'a page with plots, all in one file' }),
    markdown: Flags.string({ helpValue: 'FILE', description: 'a report in Markdown' }),
    csv: Flags.string({ helpValue: 'FILE', description: 'a row for the run' }),
    junit: Flags.string({ helpValue: 'FILE', description: 'a test case for each gate' }),
    ascii: Flags.boolean({ description: 'no block characters' }),
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(BenchReport);
    const [{ reportFile }, { BenchTerminal }, { realSurroundings }] = await Promise.all([
      import('../../bench/saved-results.js'),
      import('../../src/cli/bench-terminal.js'),
      import('../../src/config/load.js'),
    ]);
    const { env } = realSurroundings();
    const terminal = new BenchTerminal({ quiet: true, progress: false, ascii: flags.ascii, env });
    const { report, result } = await reportFile(args.file, flags, terminal);
    if (!this.jsonEnabled()) this.log(report);
    return result;
  }
}
