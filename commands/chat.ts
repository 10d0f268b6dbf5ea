import { GollamaCommand } from '../src/cli/base-command.js';
import { Args, Flags } from '../src/cli/oclif.js';
import type { ChatWish } from '../src/cli/repl/wish.js';
import { realSurroundings } from '../src/config/load.js';

export default class Chat extends GollamaCommand {
  static override summary = 'Talk to a model';
  static override description = `At a terminal it goes on until Ctrl+D; /help shows what can be typed.
On a pipe it answers once: what is piped in stands behind the prompt, and nothing but the answer is printed.
A session is kept after every turn. An answer goes on where the server was restarted meanwhile.

Exit codes: 0 answered · 1 the answer failed · 2 nothing asked · 3 no server · 5 no such model or session · 130 Ctrl+C.`;
  static override examples = [
    '<%= config.bin %> chat',
    '<%= config.bin %> chat -c                                  # go on with the last session',
    'git diff | <%= config.bin %> chat "write a commit message" > msg.txt',
    '<%= config.bin %> chat -m ./qwen3-0.6b.gguf -f notes.md "what is open?"   # without a server',
    '<%= config.bin %> chat "2+2?" --json',
  ];
  static override args = {
    prompt: Args.string({ description: 'what is asked first', ignoreStdin: true }),
  };
  static override flags = {
    model: Flags.string({
      char: 'm',
      helpValue: 'NAME|FILE.gguf',
      description: 'the model, or a file that a server in this program loads',
    }),
    system: Flags.string({ helpValue: 'TEXT|@FILE', description: 'what the model is told first' }),
    option: Flags.string({
      char: 'o',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'NAME=VALUE',
      description: 'a parameter, such as temperature=0.2; repeatable',
    }),
    file: Flags.string({
      char: 'f',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'FILE',
      description: 'a file that goes along with the first message; repeatable',
    }),
    image: Flags.string({
      char: 'i',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'IMAGE',
      description: 'an image that goes along with the first message; repeatable',
    }),
    continue: Flags.boolean({ char: 'c', description: 'go on with the last session', exclusive: ['resume'] }),
    resume: Flags.string({ char: 'r', helpValue: 'ID', description: 'go on with that session' }),
    'no-save': Flags.boolean({ description: 'keep nothing of it' }),
    plain: Flags.boolean({ description: 'show Markdown as it is written' }),
    serve: Flags.boolean({ description: 'start a server in this program where none answers' }),
    think: Flags.string({
      options: ['on', 'off', 'low', 'medium', 'high', 'show', 'hide'],
      description: 'whether the model reasons first, or what is shown of it',
    }),
    quiet: Flags.boolean({ char: 'q', description: 'no line of figures behind an answer' }),
  };

  override async run(): Promise<object | undefined> {
    const { args, flags } = await this.parse(Chat);
    const [{ chatWish }, { runChat }] = await Promise.all([
      import('../src/cli/repl/wish.js'),
      import('../src/cli/repl/run-chat.js'),
    ]);
    // Not by $GOLLAMA_URL: a model file is then still a file.
    const isServerNamed = this.argv.some((word) => word === '--server' || word.startsWith('--server='));
    const connection = { server: await this.serverUrl(flags), isServerNamed, apiKey: this.apiKey(flags) };
    const wish: ChatWish = chatWish(flags, connection);
    const { result, exitCode } = await runChat(wish, {
      prompt: args.prompt,
      isJson: this.jsonEnabled(),
      around: { ...realSurroundings(), platform: process.platform },
      say: (line) => this.say(line),
      startServer: async (options) => {
        const { serveInside } = await import('../src/server-inside.js');
        return serveInside({ ...options, path: flags.config });
      },
    });
    process.exitCode = exitCode;
    return result;
  }
}
