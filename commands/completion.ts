import { GollamaCommand } from '../src/cli/base-command.js';
import { Args } from '../src/cli/oclif.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export default class Completion extends GollamaCommand {
  static override summary = 'Print a script that makes a shell complete commands, flags, models and tasks';
  static override description = `The head of the script says how to install it.
Names of models and ids of tasks come from the server of --server or $GOLLAMA_URL; where none answers, there are none.`;
  static override examples = [
    { description: 'bash, in this shell', command: 'source <(<%= config.bin %> completion bash)' },
    {
      description: 'zsh, in every shell',
      command: '<%= config.bin %> completion zsh > "$fpath[1]/_<%= config.bin %>"',
    },
    {
      description: 'fish, in every shell',
      command: '<%= config.bin %> completion fish > ~/.config/fish/completions/<%= config.bin %>.fish',
    },
  ];
  static override args = {
    shell: Args.string({ required: true, options: [...SHELLS], description: 'the shell', ignoreStdin: true }),
  };

  override async run(): Promise<object> {
    const { args } = await this.parse(Completion);
    const script = await scriptFor(args.shell, this.config.bin);
    this.log(script.trimEnd());
    return { shell: args.shell, script };
  }
}

async function scriptFor(shell: string, program: string): Promise<string> {
  switch (shell) {
    case 'zsh':
      return (await import('../src/cli/completion/zsh-script.js')).zshScript(program);
    case 'fish':
      return (await import('../src/cli/completion/fish-script.js')).fishScript(program);
    default:
      return (await import('../src/cli/completion/bash-script.js')).bashScript(program);
  }
}
