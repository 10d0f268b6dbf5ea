import { GollamaCommand } from '../../src/cli/base-command.js';

interface PathResult {
  /** null: there is no file, everything holds its default. */
  readonly path: string | null;
  /** Whether --config or $GOLLAMA_CONFIG named it. */
  readonly named: boolean;
  /** In the order in which they are looked at; the first that exists is used, where none is named. */
  readonly places: readonly { readonly path: string; readonly exists: boolean }[];
}

export default class ConfigPath extends GollamaCommand {
  static override summary = 'Tell which configuration file is used, and where one is looked for';
  static override description =
    'Prints the path of the file alone on stdout, and nothing where there is none. The places go to stderr.';
  static override examples = [
    '<%= config.bin %> config path',
    '$EDITOR "$(<%= config.bin %> config path)"',
    '<%= config.bin %> config path --json',
  ];

  override async run(): Promise<PathResult> {
    const { flags } = await this.parse(ConfigPath);
    const [{ findConfigFile, realSurroundings }, { searchOrder }, { existsSync }] = await Promise.all([
      import('../../src/config/load.js'),
      import('../../src/config/search-order.js'),
      import('node:fs'),
    ]);
    const around = realSurroundings();
    const found = await findConfigFile({ ...around, path: flags.config });
    const places = searchOrder(around).map((path) => ({ path, exists: existsSync(path) }));
    if (found) this.log(found.path);
    if (flags.config === undefined) {
      this.say(found ? 'looked for, the first that exists is used:' : 'no configuration file; looked for:');
      for (const { path, exists } of places) {
        const note = path === found?.path ? ' (used)' : exists ? ' (not used)' : '';
        this.say(`  ${path}${note}`);
      }
      if (!found) this.say('make one: gollama config init');
    }
    return { path: found?.path ?? null, named: flags.config !== undefined, places };
  }
}
