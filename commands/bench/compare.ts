import { GollamaCommand } from '../../src/cli/base-command.js';
import { Args, Flags } from '../../src/cli/oclif.js';

export default class BenchCompare extends GollamaCommand {
  static override summary = 'Compare saved results: is the head slower than the base, and is that certain?';
  static override description =
    `Give as many results of the head as of the base, in the order they were made; from five pairs on they are
compared run by run, below that request by request, which is weak. Exit code 8: a regression; 9: it cannot be told.`;
  static override examples = [
    '<%= config.bin %> bench compare base.json head.json',
    '<%= config.bin %> bench compare b1.json,b2.json,b3.json,b4.json,b5.json h1.json,h2.json,h3.json,h4.json,h5.json',
  ];

  static override args = {
    base: Args.string({ description: 'results of the base, by comma', required: true, ignoreStdin: true }),
    head: Args.string({ description: 'results of the head, by comma', required: true, ignoreStdin: true }),
  };
  static override flags = {
    'min-effect': Flags.string({ helpValue: '10%', description: 'smallest change of a latency that counts' }),
    'min-abs': Flags.string({ helpValue: '5ms', description: 'smallest change of a latency that counts' }),
    seed: Flags.integer({ default: 42, description: 'of the bootstrap' }),
    ascii: Flags.boolean({ description: 'no block characters' }),
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(BenchCompare);
    const [{ compareFiles }, { BenchTerminal }, { realSurroundings }] = await Promise.all([
      import('../../bench/saved-results.js'),
      import('../../src/cli/bench-terminal.js'),
      import('../../src/config/load.js'),
    ]);
    const { env } = realSurroundings();
    const terminal = new BenchTerminal({ quiet: true, progress: false, ascii: flags.ascii, env });
    const { report, comparison, exitCode } = await compareFiles(
      { base: args.base.split(','), head: args.head.split(',') },
      flags,
      terminal,
    );
    process.exitCode = exitCode;
    if (!this.jsonEnabled()) this.log(report);
    return comparison;
  }
}
