import { GollamaCommand } from '../../src/cli/base-command.js';
import { Args } from '../../src/cli/oclif.js';

interface CheckResult {
  readonly ok: true;
  /** null: there is no file, everything holds its default. */
  readonly path: string | null;
  readonly warnings: readonly object[];
}

export default class ConfigCheck extends GollamaCommand {
  static override summary = 'Check a configuration file';
  static override description =
    'Reads the file as the server would, with the environment variables of this shell. Exit code 4 when it has problems.';
  static override examples = [
    '<%= config.bin %> config check',
    '<%= config.bin %> config check config/examples/one-box.yaml',
    '<%= config.bin %> config check --json',
  ];
  static override args = {
    file: Args.string({ description: 'the file; without it, the one that the server would find', ignoreStdin: true }),
  };

  override async run(): Promise<CheckResult> {
    const { args, flags } = await this.parse(ConfigCheck);
    const { loadConfig, realSurroundings } = await import('../../src/config/load.js');
    const { formatWarning } = await import('../../src/config/remark.js');
    const { formatAddress } = await import('../../src/config/address.js');
    const { addressOf } = await import('../../src/installation.js');
    const { config, warnings, path } = await loadConfig({ ...realSurroundings(), path: args.file ?? flags.config });
    for (const warning of warnings) this.say(`warning: ${formatWarning(warning)}`);
    const address = addressOf(config);
    if (address instanceof Error) throw address;
    const subject = path ? `${path} is valid` : 'no configuration file, the defaults are valid';
    const engines =
      config.engines.length === 0 ? `fallback ${config.fallback}` : count(config.engines.length, 'engine');
    const keys = count(config.server.apiKeys.length, 'API key');
    this.log(`${subject}: ${engines}, ${keys}, listens on ${formatAddress(address)}`);
    return { ok: true, path: path ?? null, warnings };
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
