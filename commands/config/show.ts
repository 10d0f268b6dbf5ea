import { GollamaCommand } from '../../src/cli/base-command.js';
import { Flags } from '../../src/cli/oclif.js';

interface ShowResult {
  /** null: there is no file, everything holds its default. */
  readonly path: string | null;
  readonly config: object;
  readonly origins?: Record<string, string>;
}

export default class ConfigShow extends GollamaCommand {
  static override summary = 'Show the effective configuration, secrets masked';
  static override examples = [
    '<%= config.bin %> config show',
    '<%= config.bin %> config show --origin',
    '<%= config.bin %> config show --json --origin',
  ];
  static override flags = {
    origin: Flags.boolean({ description: 'tell where each value comes from: default, file, env NAME' }),
  };

  override async run(): Promise<ShowResult> {
    const { flags } = await this.parse(ConfigShow);
    const { loadConfig, realSurroundings } = await import('../../src/config/load.js');
    const { renderConfig, renderYaml } = await import('../../src/config/render.js');
    const { formatWarning } = await import('../../src/config/remark.js');
    const { config, origins, warnings, path } = await loadConfig({ ...realSurroundings(), path: flags.config });
    for (const warning of warnings) this.say(`warning: ${formatWarning(warning)}`);
    this.log(renderYaml(config, flags.origin ? origins : undefined).trimEnd());
    const shown = { path: path ?? null, config: renderConfig(config) };
    return flags.origin ? { ...shown, origins: Object.fromEntries(origins) } : shown;
  }
}
