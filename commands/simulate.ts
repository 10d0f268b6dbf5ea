import { GollamaCommand } from '../src/cli/base-command.js';
import { Flags } from '../src/cli/oclif.js';
import { type KnownOptions, simulateArguments } from '../src/engine/simulated/arguments.js';
import { FAULTS, type FaultPlan, parseFault } from '../src/engine/simulated/faults.js';

export default class Simulate extends GollamaCommand {
  static override summary = 'Run a stand-in for llama-server: no model, a steady pace, faults on demand.';
  static override description =
    `It answers the same paths with the same shapes as llama-server and takes its command line too: options that mean nothing here are named on stderr and ignored. \
A request asks for a fault with the header "x-simulate-fault: NAME[@CHUNK]" or the body field "simulate_fault"; --fault makes all requests fail so, or a share of them.

Faults (N: CHUNK, or 3):
${Object.entries(FAULTS)
  .map(([name, { help }]) => `  ${name.padEnd(18)}${help}`)
  .join('\n')}`;

  static override examples = [
    '<%= config.bin %> <%= command.id %> --port 8080 --slots 4',
    '<%= config.bin %> <%= command.id %> --fault cut=0.1 --fault stall@5=0.02',
  ];

  static override flags = {
    host: Flags.string({ helpValue: 'ADDRESS', default: '127.0.0.1', description: 'address to listen on' }),
    port: Flags.integer({ min: 0, max: 65_535, default: 8080, description: 'port to listen on; 0 = any free one' }),
    model: Flags.string({ char: 'm', default: 'simulated', description: 'model name, or a file to take the name of' }),
    alias: Flags.string({ description: 'model name, before that of --model (-a in llama-server)' }),
    slots: Flags.integer({
      min: 1,
      default: 4,
      description: 'requests at once (-np in llama-server)',
    }),
    'ctx-size': Flags.integer({ char: 'c', min: 0, default: 0, description: 'context in tokens, shared by the slots' }),
    'ttft-ms': Flags.integer({ min: 0, default: 700, description: 'time to the first token' }),
    'token-ms': Flags.integer({ min: 0, default: 60, description: 'time for each further token' }),
    'prompt-rate': Flags.integer({ min: 1, description: 'prompt tokens read in a second (default: no limit)' }),
    'load-ms': Flags.integer({ min: 0, default: 0, description: 'time to load, answering 503 meanwhile' }),
    seed: Flags.integer({ description: 'makes text and faults repeat exactly (default: text 1, faults by chance)' }),
    fault: Flags.custom<FaultPlan>({
      parse: async (text) => {
        const plan = parseFault(text);
        if (!plan) throw new Error(`Unknown fault "${text}": NAME[@CHUNK][=RATE], names in --help`);
        return plan;
      },
    })({ multiple: true, helpValue: 'NAME[@CHUNK][=RATE]', description: 'fail so, always or for a share (0 to 1)' }),
    'api-key': Flags.string({ env: 'LLAMA_API_KEY', description: 'key that requests must carry' }),
  };

  async run(): Promise<{ exitCode: number }> {
    const { argv, ignored } = simulateArguments(this.argv, knownOptions());
    const { flags } = await this.parse(Simulate, argv);
    const [{ runSimulation }, { seededRandom, systemRandom }] = await Promise.all([
      import('../src/engine/simulated/program.js'),
      import('../src/base/random.js'),
    ]);
    const log = (line: string) => void process.stderr.write(`${line}\n`);
    if (ignored.length > 0) log(`ignored, without meaning for a simulation: ${ignored.join(' ')}`);
    const exitCode = await runSimulation(
      {
        models: [flags.alias ?? modelName(flags.model)],
        modelPath: flags.model,
        slots: flags.slots,
        contextTokens: flags['ctx-size'] > 0 ? Math.max(1, Math.floor(flags['ctx-size'] / flags.slots)) : undefined,
        ttftMs: flags['ttft-ms'],
        tokenMs: flags['token-ms'],
        promptTokensPerSecond: flags['prompt-rate'],
        loadMs: flags['load-ms'],
        seed: flags.seed ?? 1,
        faults: flags.fault ?? [],
        host: flags.host,
        port: flags.port,
        apiKey: flags['api-key'],
      },
      { random: flags.seed === undefined ? systemRandom : seededRandom(flags.seed), log },
    );
    process.exitCode = exitCode;
    return { exitCode };
  }
}

function knownOptions(): KnownOptions {
  return {
    values: new Set(Object.keys({ ...Simulate.baseFlags, ...Simulate.flags }).map((name) => `--${name}`)),
    repeatable: new Set(['--fault']),
    switches: new Set(['--json', '--help', '-h']),
  };
}

/** As llama-server: the file's name, without its folder. A name that is no file may hold slashes. */
function modelName(model: string): string {
  return /\.gguf$/i.test(model) ? model.replace(/^.*[/\\]/, '') : model;
}
