/**
 * What every command shares: the global flags, `--json`, and how a failure is told. A command parses, calls, prints and
 * returns; what it returns is what `--json` prints.
 */
import { GollamaError } from '../base/errors.js';
import type { Client } from '../client/client.js';
import { DEFAULT_SERVER_URL, parseServerUrl } from '../client/server-url.js';
import { realSurroundings } from '../config/load.js';
import { type CommandFailure, toFailure } from './command-failure.js';
import { failureDocument, jsonDocument, jsonText } from './json-document.js';
import { Command, Flags } from './oclif.js';

export interface ServerFlags {
  readonly server?: string | undefined;
  readonly config?: string | undefined;
  readonly 'api-key-env': string;
}

export abstract class GollamaCommand extends Command {
  static override enableJsonFlag = true;

  static override baseFlags = {
    config: Flags.string({
      description: 'configuration file',
      helpValue: 'FILE',
      helpGroup: 'GLOBAL',
      env: 'GOLLAMA_CONFIG',
    }),
    server: Flags.string({
      description: 'the server to talk to, as a URL or as host:port',
      helpValue: 'URL',
      helpGroup: 'GLOBAL',
      env: 'GOLLAMA_URL',
      defaultHelp: async () => `where the configuration lets it listen, or ${DEFAULT_SERVER_URL}`,
    }),
    'api-key-env': Flags.string({
      description: 'the environment variable that holds the key for the server',
      helpValue: 'NAME',
      helpGroup: 'GLOBAL',
      default: 'GOLLAMA_API_KEY',
    }),
  };

  /**
   * Base URL of the server that `--server` names, or else the configuration. Rejects with `usage` for what is no address,
   * with `configuration` where a file was named that cannot be read.
   */
  protected async serverUrl(flags: ServerFlags): Promise<string> {
    if (flags.server !== undefined) return parseServerUrl(flags.server);
    const { configuredServerUrl } = await import('../config/server-address.js');
    return (await configuredServerUrl({ ...realSurroundings(), path: flags.config })) ?? DEFAULT_SERVER_URL;
  }

  /** The key for the server. Throws `configuration` where a variable was named that is not set. */
  protected apiKey(flags: ServerFlags): string | undefined {
    const name = flags['api-key-env'];
    const key = realSurroundings().env[name];
    if (key || name === 'GOLLAMA_API_KEY') return key || undefined;
    throw new GollamaError('configuration', `environment variable ${name} is not set`, {
      hint: '--api-key-env takes the name of a variable, not the key',
    });
  }

  /** The server that `serverUrl` tells. Rejects as `serverUrl` does and `apiKey` throws. */
  protected async client(flags: ServerFlags): Promise<Client> {
    const options = { baseUrl: await this.serverUrl(flags), apiKey: this.apiKey(flags) };
    const { Client } = await import('../client/client.js');
    return new Client(options);
  }

  /** Ends the command as a failure of that kind, after the user asked for it: with the exit code of the signal. */
  protected interrupted(exitCode: number, message: string, hint: string): never {
    if (this.jsonEnabled()) this.logJson(failureDocument({ code: 'cancelled', message, hint, exitCode }));
    else this.say(`\n${message}\n  hint: ${hint}`);
    this.exit(exitCode);
  }

  /** Ends the command with that failure, also with an exit code that no error has. */
  protected fail(failure: CommandFailure): never {
    this.#tell(failure);
    this.exit(failure.exitCode);
  }

  /** For messages to a person: nothing in JSON mode, and never on stdout. */
  protected say(message: string): void {
    if (!this.jsonEnabled()) process.stderr.write(`${message}\n`);
  }

  /** Plain in every case: colours would break a parser as soon as something forces them. */
  override logJson(json: unknown): void {
    process.stdout.write(jsonText(json));
  }

  protected override toSuccessJson(result: unknown): unknown {
    return jsonDocument(result);
  }

  protected override toErrorJson(thrown: unknown): object {
    return failureDocument(toFailure(thrown, this.#commandLine()));
  }

  protected override async catch(thrown: Error): Promise<void> {
    // this.exit(): the command has said what there was to say.
    if ('code' in thrown && thrown.code === 'EEXIT') throw thrown;
    const failure = toFailure(thrown, this.#commandLine());
    this.#tell(failure);
    if (failure.code === 'internal' && realSurroundings().env.DEBUG) this.say(thrown.stack ?? '');
    this.exit(failure.exitCode);
  }

  #tell(failure: CommandFailure): void {
    if (this.jsonEnabled()) {
      this.logJson(failureDocument(failure));
      return;
    }
    const lines = failure.message.split('\n').map((line, index) => (index === 0 ? `error: ${line}` : `       ${line}`));
    this.say(`${lines.join('\n')}\n  hint: ${failure.hint}`);
  }

  #commandLine(): string {
    return [this.config.bin, ...(this.id ?? '').split(':')].filter((word) => word !== '').join(' ');
  }
}
