import { GollamaCommand } from '../src/cli/base-command.js';
import { Flags } from '../src/cli/oclif.js';
import { flagHelp, SERVE_FLAGS, type ServeFlags } from '../src/config/flags.js';

export default class Serve extends GollamaCommand {
  static override summary = 'Keep the engines running and serve them through one priority queue';
  static override description = `Without any engine, the built-in simulated one answers (model "sim").
The first SIGINT or SIGTERM lets answers under way end, the second one does not.`;
  static override examples = [
    '<%= config.bin %> serve',
    '<%= config.bin %> serve --model ./qwen3-0.6b.gguf --slots 4',
    '<%= config.bin %> serve --upstream http://127.0.0.1:8080',
    '<%= config.bin %> serve -c gollama.yaml --check',
  ];

  static override baseFlags = {
    ...GollamaCommand.baseFlags,
    config: { ...GollamaCommand.baseFlags.config, char: 'c' as const },
  };

  static override flags = {
    host: text(SERVE_FLAGS.host),
    port: Flags.integer({ description: flagHelp(SERVE_FLAGS.port), helpValue: 'PORT', min: 0, max: 65_535 }),
    model: text(SERVE_FLAGS.model),
    'llama-server': text(SERVE_FLAGS.llamaServer),
    upstream: Flags.string({ description: flagHelp(SERVE_FLAGS.upstream), helpValue: 'URL', multiple: true }),
    'ollama-host': text(SERVE_FLAGS.ollamaHost),
    slots: Flags.integer({ description: flagHelp(SERVE_FLAGS.slots), helpValue: 'N', min: 1 }),
    'data-dir': text(SERVE_FLAGS.dataDir),
    'log-level': text(SERVE_FLAGS.logLevel),
    check: Flags.boolean({ description: 'check configuration and engines, then leave' }),
  };

  override async run(): Promise<object> {
    const { flags } = await this.parse(Serve);
    const [{ checkServe, serve }, { ServeTerminal }] = await Promise.all([
      import('../src/serve.js'),
      import('../src/cli/serve-terminal.js'),
    ]);
    const terminal = new ServeTerminal((line) => this.say(line));
    const options = { path: flags.config, flags: serveFlags(flags), terminal };
    if (!flags.check) return serve(options);
    const engines = await checkServe(options);
    this.log(`all is fine: ${engines.join(', ')}`);
    return { ok: true, engines };
  }
}

function text(flag: { help: string; value: string; env?: string; default?: string }) {
  return Flags.string({ description: flagHelp({ name: '', ...flag }), helpValue: flag.value });
}

function serveFlags(flags: {
  host?: string | undefined;
  port?: number | undefined;
  model?: string | undefined;
  'llama-server'?: string | undefined;
  upstream?: string[] | undefined;
  'ollama-host'?: string | undefined;
  slots?: number | undefined;
  'data-dir'?: string | undefined;
  'log-level'?: string | undefined;
}): ServeFlags {
  return {
    host: flags.host,
    port: flags.port,
    model: flags.model,
    llamaServer: flags['llama-server'],
    upstream: flags.upstream,
    ollamaHost: flags['ollama-host'],
    slots: flags.slots,
    dataDir: flags['data-dir'],
    logLevel: flags['log-level'],
  };
}
