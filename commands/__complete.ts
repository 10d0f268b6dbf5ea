import { GollamaCommand } from '../src/cli/base-command.js';
import { Args } from '../src/cli/oclif.js';

export default class Complete extends GollamaCommand {
  static override hidden = true;
  static override summary = 'What could stand at the cursor; the scripts of "gollama completion" ask it';
  static override description =
    `Behind -- stand the words of the command line up to the cursor, the last one perhaps empty.
The first line of the answer says what else the shell shall offer: files, folders or none. The others are candidates, each
with a tab and a description.`;
  static override examples = [
    '<%= config.bin %> __complete bash -- sta',
    '<%= config.bin %> __complete fish -- status ""',
  ];
  static override strict = false;
  static override args = {
    shell: Args.string({ required: true, options: ['bash', 'zsh', 'fish'], ignoreStdin: true }),
  };

  override async run(): Promise<object> {
    await this.parse(Complete);
    const { completionOffer, offerText } = await import('../src/cli/completion/answer.js');
    const offer = await completionOffer(this.argv, this.config);
    if (this.jsonEnabled()) return offer;
    process.stdout.write(offerText(offer));
    return this.exit(0);
  }
}
