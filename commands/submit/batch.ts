import { GollamaCommand } from '../../src/cli/base-command.js';
import { Flags } from '../../src/cli/oclif.js';
import { REFERENCE_FLAGS } from '../../src/cli/reference-flags.js';

export default class SubmitBatch extends GollamaCommand {
  static override summary = 'Put all tasks of a file into the queue; prints their ids';
  static override description = `A JSON list, or a task on each line:

  {"type":"chat","model":"qwen3","messages":[{"role":"user","content":"Hello"}],"priority":"high"}
  {"type":"generate","model":"qwen3","prompt":"Once upon a time","scheduled_at":"2026-11-21T07:00:00Z"}
  {"type":"embed","model":"nomic","input":["one","two"],"max_retries":0}

Nothing is submitted unless all items are good. The same file with the same --key is never submitted twice.

Results are lines of JSON, in the order in which the tasks end: {"index","id","status","result"|"error"}.
Exit codes with --sync: 0 all completed · 1 some did not · 10 timed out · 130 Ctrl+C (the tasks go on).`;
  static override examples = [
    '<%= config.bin %> submit batch --file tasks.jsonl --sync --results results.jsonl',
    'make-tasks | <%= config.bin %> submit batch --file - --model qwen3 --priority low',
  ];
  static override flags = {
    ...REFERENCE_FLAGS,
    file: Flags.string({ char: 'f', required: true, helpValue: 'FILE', description: 'the tasks; - is standard input' }),
    model: Flags.string({ char: 'm', description: 'of items that name none' }),
    priority: Flags.string({ helpValue: 'NAME|N', description: 'of items that name none' }),
    key: Flags.string({ helpValue: 'KEY', description: 'name of this run [default: a new one each time]' }),
    sync: Flags.boolean({ description: 'wait until all tasks have ended' }),
    results: Flags.string({
      helpValue: 'FILE',
      description: 'write the results there, and wait; - is standard output',
    }),
    timeout: Flags.string({ helpValue: '1h', description: 'of waiting; exit code 10' }),
    output: Flags.string({ options: ['json', 'text'], hidden: true }),
  };

  override async run(): Promise<object> {
    const { flags } = await this.parse(SubmitBatch);
    const [{ planBatch }, { runBatch }, { Interrupt }] = await Promise.all([
      import('../../src/cli/batch-plan.js'),
      import('../../src/cli/batch-run.js'),
      import('../../src/cli/interrupt.js'),
    ]);
    const plan = await planBatch(flags);
    const client = await this.client(flags);
    const interrupt = new Interrupt();
    const { signal } = interrupt;
    try {
      const print = (line: string) => this.log(line);
      const outcome = await runBatch(client, plan, { signal, print, note: (line) => this.say(line) });
      if ((outcome.failed ?? 0) + (outcome.cancelled ?? 0) > 0) process.exitCode = 1;
      return outcome;
    } catch (thrown) {
      if (interrupt.exitCode === undefined) throw thrown;
      return this.interrupted(interrupt.exitCode, 'what was submitted goes on', plan.again);
    } finally {
      interrupt.dispose();
    }
  }
}
