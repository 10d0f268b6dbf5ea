import { readFile } from 'node:fs/promises';
import { ERROR_CODES } from '../src/base/errors.js';
import { GollamaCommand } from '../src/cli/base-command.js';
import type { Check } from '../src/cli/doctor/check.js';
import type { Patient, Probes } from '../src/cli/doctor/examine.js';
import { findConfigFile, realSurroundings, shortName } from '../src/config/load.js';

interface DoctorResult {
  /** In the order in which they are told. */
  readonly checks: readonly Check[];
}

const SERVER_PATIENCE_MS = 3_000;

export default class Doctor extends GollamaCommand {
  static override summary = 'Look for what keeps gollama from working, and tell how to mend it';
  static override description =
    `Node, the configuration and the variables it names, llama-server and the model files, other servers, the port, \
the data folder, and the server that runs. Nothing is started or changed. Exit code 4 when something failed.`;
  static override examples = [
    '<%= config.bin %> doctor',
    '<%= config.bin %> doctor --config ./gollama.yaml',
    `<%= config.bin %> doctor --json | jq '.checks[] | select(.status != "ok")'`,
  ];

  override async run(): Promise<DoctorResult> {
    const { flags } = await this.parse(Doctor);
    const around = realSurroundings();
    const [{ examine }, installation, { systemClock }] = await Promise.all([
      import('../src/cli/doctor/examine.js'),
      import('../src/installation.js'),
      import('../src/base/clock.js'),
    ]);
    const patient: Patient = {
      around,
      clock: systemClock,
      nodeVersion: process.version,
      findFile: async () => {
        const file = await findConfigFile({ ...around, path: flags.config });
        return file && { ...file, name: shortName(file.path, around.cwd) };
      },
      readText: (path) => readFile(path, 'utf8'),
      server: async () => ({ url: await this.serverUrl(flags), isNamed: flags.server !== undefined }),
      installation,
      probes: await this.#probes(this.apiKey(flags)),
    };
    const checks = await examine(patient);
    if (!this.jsonEnabled()) await this.#show(checks);
    if (checks.some(({ status }) => status === 'fail')) process.exitCode = ERROR_CODES.configuration.exitCode;
    return { checks };
  }

  async #probes(apiKey: string | undefined): Promise<Probes> {
    const [{ askUpstream, askVersion, lookAtFolder, readModelHead }, { Client }] = await Promise.all([
      import('../src/cli/doctor/probes.js'),
      import('../src/client/client.js'),
    ]);
    const askServer = (baseUrl: string) => new Client({ baseUrl, apiKey, timeoutMs: SERVER_PATIENCE_MS }).status();
    return { askServer, askUpstream, askVersion, lookAtFolder, readModelHead };
  }

  async #show(checks: readonly Check[]): Promise<void> {
    const [{ reportLines }, { styleOf }] = await Promise.all([
      import('../src/cli/doctor/report.js'),
      import('../src/cli/terminal/style.js'),
    ]);
    for (const line of reportLines(checks, styleOf(process.stdout, realSurroundings().env))) this.log(line);
  }
}
