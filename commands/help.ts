import { GollamaError } from '../src/base/errors.js';
import { GollamaCommand } from '../src/cli/base-command.js';
import { Args } from '../src/cli/oclif.js';

export default class HelpCommand extends GollamaCommand {
  static override summary = 'Show help for a command or on a topic';
  static override description = 'Topics: config, environment, exit-codes.';
  static override examples = [
    '<%= config.bin %> help',
    '<%= config.bin %> help submit chat',
    '<%= config.bin %> help exit-codes',
    '<%= config.bin %> help environment --json',
  ];
  static override strict = false;
  static override args = {
    subject: Args.string({ description: 'a command, a group of commands, or a topic', ignoreStdin: true }),
  };

  override async run(): Promise<object> {
    const { argv } = await this.parse(HelpCommand);
    const words = argv.map(String);
    const [{ default: GollamaHelp, helpSource, unknownSubject }, { helpDocument, subjectSummaries }, { HELP_TOPICS }] =
      await Promise.all([
        import('../src/cli/help.js'),
        import('../src/cli/help-document.js'),
        import('../src/cli/help-topics.js'),
      ]);
    const topic = words.length === 1 ? HELP_TOPICS[words[0] ?? ''] : undefined;
    const failure = topic ? undefined : unknownSubject(words, Object.keys(subjectSummaries(this.config)));
    if (failure) throw new GollamaError('usage', failure.message, { hint: failure.hint });
    if (!this.jsonEnabled()) {
      await new GollamaHelp(this.config).showHelp(['help', ...words]);
      return {};
    }
    const [name = ''] = words;
    if (topic) return { topic: name, summary: topic.summary, ...(await topic.data(helpSource(this.config.commands))) };
    return helpDocument(this.config, words.join(' '));
  }
}
