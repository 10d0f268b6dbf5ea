/**
 * What every command shares: the global flags, `--json`, and how a failure is told. A command parses, calls, prints and
 * returns; what it returns is what `--json` prints.
 */
import { GollamaError } from '../base/errors.js';
import type { Client } from '../client/client.js';
import { DEFAULT_SERVER_URL, parseServerUrl } from '../client/server-url.js';
import { realSurroundings } from '../config/load.js';
import { type CommandFailure, toFailure } from './command-failure.js';
import { Command, Flags } from './oclif.js';

/** The version of the shape of every JSON object that a command prints. */
const SCHEMA_VERSION = 1;

export interface ServerFlags {
  readonly server: string;
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
      default: DEFAULT_SERVER_URL,
    }),
    'api-key-env': Flags.string({
      description: 'the environment variable that holds the key for the server',
      helpValue: 'NAME',
      helpGroup: 'GLOBAL',
      default: 'GOLLAMA_API_KEY',
    }),
  };

  /** Base URL of the server that `--server` names. Throws `usage`. */
  protected serverUrl(flags: ServerFlags): string {
    return parseServerUrl(flags.server);
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

  /** The server that `--server` names. Rejects as `serverUrl` and `apiKey` throw. */
  protected async client(flags: ServerFlags): Promise<Client> {
    const options = { baseUrl: this.serverUrl(flags), apiKey: this.apiKey(flags) };
    const { Client } = await import('../client/client.js');
    return new Client(options);
  }

  /** Ends the command as a failure of that kind, after the user asked for it: with the exit code of the signal. */
  protected interrupted(exitCode: number, message: string, hint: string): never {
    if (this.jsonEnabled()) this.logJson({ error: { code: 'cancelled', message, hint, exitCode } });
    else this.say(`\n${message}\n  hint: ${hint}`);
    this.exit(exitCode);
  }

  /** For messages to a person: nothing in JSON mode, and never on stdout. */
  protected say(message: string): void {
    if (!this.jsonEnabled()) process.stderr.write(`${message}\n`);
  }

  /** Plain in every case: colours would break a parser as soon as something forces them. */
  override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
  }

  protected override toSuccessJson(result: unknown): unknown {
    if (typeof result !== 'object' || result === null || Array.isArray(result)) return result;
    return { schemaVersion: SCHEMA_VERSION, ...result };
  }

  protected override toErrorJson(thrown: unknown): { error: CommandFailure } {
    return { error: toFailure(thrown, this.#commandLine()) };
  }

  protected override async catch(thrown: Error): Promise<void> {
    // this.exit(): the command has said what there was to say.
    if ('code' in thrown && thrown.code === 'EEXIT') throw thrown;
    const failure = toFailure(thrown, this.#commandLine());
    if (this.jsonEnabled()) {
      this.logJson({ error: failure });
    } else {
      const lines = failure.message
        .split('\n')
        .map((line, index) => (index === 0 ? `error: ${line}` : `       ${line}`));
      this.say(`${lines.join('\n')}\n  hint: ${failure.hint}`);
      if (failure.code === 'internal' && realSurroundings().env.DEBUG) this.say(thrown.stack ?? '');
    }
    this.exit(failure.exitCode);
  }

  #commandLine(): string {
    return [this.config.bin, ...(this.id ?? '').split(':')].filter((word) => word !== '').join(' ');
  }
}
