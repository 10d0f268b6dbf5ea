import { Flags } from '../../src/cli/oclif.js';
import { SubmitCommand } from '../../src/cli/submit-command.js';
import { SUBMIT_FLAGS } from '../../src/cli/submit-flags.js';

export default class SubmitEmbed extends SubmitCommand {
  static override summary = 'Put embeddings into the queue; prints the id of the task';
  static override description = `Without --input, all of standard input is one text.
With --wait the embeddings are printed as JSON: a list for each text.`;
  static override examples = [
    '<%= config.bin %> submit embed -m nomic --input "first text" --input "second text"',
    '<%= config.bin %> submit embed -m nomic --wait < document.txt',
  ];
  static override flags = {
    ...SUBMIT_FLAGS,
    input: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'TEXT',
      description: 'a text; repeatable',
    }),
    // Of the reference, which takes it for every type.
    system: Flags.string({ hidden: true }),
  };

  override async run(): Promise<object> {
    const { flags } = await this.parse(SubmitEmbed);
    const { question } = await import('../../src/cli/question.js');
    const inputs = flags.input ?? [await question([], '--input')];
    const [only] = inputs;
    const input = inputs.length === 1 && only !== undefined ? only : inputs;
    return this.submit({ type: 'embed', model: flags.model, payload: { input } }, flags);
  }
}
