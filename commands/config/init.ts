import { resolve } from 'node:path';
import { GollamaCommand } from '../../src/cli/base-command.js';
import { Flags } from '../../src/cli/oclif.js';

interface InitResult {
  readonly path: string;
  /** Whether another file was there. */
  readonly replaced: boolean;
}

export default class ConfigInit extends GollamaCommand {
  static override summary = 'Write a configuration file to start from';
  static override description = `Every key, with its default and what it does, for its user alone to read. \
A file that is there already stays, but with --force.
On a terminal it asks what shall answer; --model and --upstream say so beforehand.`;
  static override examples = [
    '<%= config.bin %> config init',
    '<%= config.bin %> config init --model ~/models/qwen3-0.6b.gguf',
    '<%= config.bin %> config init --upstream http://gpu-box:8000 --path ./gollama.yaml',
  ];
  static override flags = {
    path: Flags.string({
      helpValue: 'FILE',
      description: 'where to; without it --config, or $XDG_CONFIG_HOME/gollama/gollama.yaml',
    }),
    force: Flags.boolean({ char: 'f', description: 'in place of a file that is there' }),
    model: Flags.string({ helpValue: 'FILE.gguf', description: 'a model file for llama-server', multiple: true }),
    upstream: Flags.string({
      helpValue: 'URL',
      description: 'a server with the OpenAI API, or Ollama',
      multiple: true,
    }),
  };

  override async run(): Promise<InitResult> {
    const { flags } = await this.parse(ConfigInit);
    const [{ realSurroundings }, { userFile }, { expandHome }, { createFile, isThere, replaceFile }] =
      await Promise.all([
        import('../../src/config/load.js'),
        import('../../src/config/search-order.js'),
        import('../../src/config/home-path.js'),
        import('../../src/config/edit-file.js'),
      ]);
    const { env, cwd, home } = realSurroundings();
    const named = flags.path ?? flags.config;
    const path = named === undefined ? userFile({ env, home }) : resolve(cwd, expandHome(named, home));
    const replaced = await isThere(path);
    const given = [...(flags.model ?? []).map((file) => absolute(file, cwd)), ...(flags.upstream ?? [])];
    const answers = given.length > 0 || (replaced && !flags.force) ? given : await this.#ask(cwd);
    const { starterFile } = await import('../../src/config/starter.js');
    const text = starterFile(answers);
    const { parseConfig } = await import('../../src/config/parse.js');
    const file = { name: path, text };
    await parseConfig({ env: {}, cwd, home, flags: {}, file, readText: async () => '' });
    if (replaced && flags.force) await replaceFile(path, text);
    else await createFile(path, text);
    this.log(path);
    for (const missing of await this.#missingFiles(answers, home)) this.say(`warning: there is no file ${missing}`);
    this.say('next: gollama config set KEY VALUE, gollama doctor, gollama serve');
    return { path, replaced };
  }

  /** The model files that are still to come, or were misspelt. */
  async #missingFiles(answers: readonly string[], home: string): Promise<string[]> {
    const [{ isThere }, { expandHome }] = await Promise.all([
      import('../../src/config/edit-file.js'),
      import('../../src/config/home-path.js'),
    ]);
    const files = answers.filter((answer) => /^[/~]/.test(answer)).map((file) => expandHome(file, home));
    const looks = await Promise.all(files.map(isThere));
    return files.filter((_, at) => !looks[at]);
  }

  /** Nothing where nobody is there to answer. */
  async #ask(cwd: string): Promise<string[]> {
    if (this.jsonEnabled() || !process.stdin.isTTY || !process.stderr.isTTY) return [];
    const { askLine } = await import('../../src/cli/question.js');
    this.say('What shall answer? A model file (.gguf), or the address of a server with the OpenAI API or of Ollama;');
    const line = await askLine('nothing for the built-in simulated engine: ');
    if (line === undefined) return this.interrupted(130, 'nothing was written', `${this.config.bin} config init`);
    const answer = line.trim();
    return answer === '' ? [] : [/^[\w.+-]+:/.test(answer) ? answer : absolute(answer, cwd)];
  }
}

/** The server may be started in another folder. */
function absolute(file: string, cwd: string): string {
  return file.startsWith('~') ? file : resolve(cwd, file);
}
