import { Args, Flags } from '../../src/cli/oclif.js';
import { SubmitCommand } from '../../src/cli/submit-command.js';
import { SUBMIT_FLAGS } from '../../src/cli/submit-flags.js';

export default class SubmitGenerate extends SubmitCommand {
  static override summary = 'Put a text completion into the queue; prints the id of the task';
  static override description = 'Without --prompt, standard input is asked. Exit codes: see "submit chat --help".';
  static override examples = [
    '<%= config.bin %> submit generate -m qwen3 --prompt "Once upon a time" --wait',
    '<%= config.bin %> submit generate -m qwen3 --option temperature=0.2 < prompt.txt',
  ];
  static override args = {
    prompt: Args.string({ description: 'instead of --prompt', ignoreStdin: true }),
  };
  static override flags = {
    ...SUBMIT_FLAGS,
    prompt: Flags.string({ helpValue: 'TEXT', description: 'what is asked' }),
    system: Flags.string({ helpValue: 'TEXT', description: 'what the model is told first' }),
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(SubmitGenerate);
    const { question } = await import('../../src/cli/question.js');
    const prompt = await question([flags.prompt, args.prompt], '--prompt');
    const payload = { prompt, ...(flags.system === undefined ? {} : { system: flags.system }) };
    return this.submit({ type: 'generate', model: flags.model, payload }, flags);
  }
}
