import { GollamaCommand } from '../src/cli/base-command.js';
import { jsonLine } from '../src/cli/json-document.js';
import { Args, Flags } from '../src/cli/oclif.js';
import { REFERENCE_FLAGS } from '../src/cli/reference-flags.js';

export default class Status extends GollamaCommand {
  static override summary = 'Show the queue, the workers and the engines of a server, or one task';
  static override description = `With --watch: until Ctrl+C, or until the task has ended (exit code 0 completed, 1 not).
Without a terminal, --watch prints a line for each change; with --json, the line is an object.`;
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status --watch',
    '<%= config.bin %> status 01-7f3a9c --watch',
    '<%= config.bin %> status --json --server gpu-box:8081',
  ];
  static override args = { id: Args.string({ description: 'id of a task', ignoreStdin: true }) };
  static override flags = {
    ...REFERENCE_FLAGS,
    watch: Flags.boolean({ char: 'w', description: 'look again every second' }),
    output: Flags.string({ options: ['table', 'json'], description: 'the forms of Ollama Queue' }),
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(Status);
    const client = await this.client(flags);
    const ask = () => (args.id === undefined ? client.status() : client.getTask(args.id));
    const view = { url: await this.serverUrl(flags), output: flags.output };
    if (flags.watch) {
      const { watchStatus } = await import('../src/cli/status-watch.js');
      return this.exit(await watchStatus(ask, view, this.jsonEnabled()));
    }
    const subject = await ask();
    if (!this.jsonEnabled()) {
      const { statusFrame } = await import('../src/cli/status-frames.js');
      this.log(statusFrame(subject, view).text);
    }
    return subject;
  }

  /** With --watch it is a stream: an object on each line, a failure too. */
  override logJson(json: unknown): void {
    if (this.argv.some((word) => word === '--watch' || word === '-w')) process.stdout.write(jsonLine(json));
    else super.logJson(json);
  }
}
