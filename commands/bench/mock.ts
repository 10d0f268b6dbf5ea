import { FIXTURES } from '../../bench/mock/fixtures.js';
import { GollamaCommand } from '../../src/cli/base-command.js';
import { Flags } from '../../src/cli/oclif.js';

export default class BenchMock extends GollamaCommand {
  static override summary = 'Run a paced stand-in for an OpenAI-compatible server, for tests of clients and benchmarks';
  static override description =
    `Every stream gets its tokens at a steady rate, however many streams there are. It costs about half of what a lean client does, most of it in the kernel. \
It answers /v1/chat/completions, /v1/completions, /v1/embeddings, /v1/models and /health. A request's max_tokens asks for fewer tokens than --tokens.

--stamps makes the text of each event the time it was sent: 16 digits, microseconds on the monotonic clock of this machine (CLOCK_MONOTONIC on Linux; process.hrtime() in Node, time.monotonic_ns() in Python), and a space. A client on the same machine subtracts it from its own reading of that clock.

--script FILE plays bytes with delays, YAML or JSON; each request gets the next answer, and the last one again and again:

  answers:
    - status: 200                                   # the default
      headers: { content-type: text/event-stream }  # the default
      steps:                                        # [delay in ms, bytes], one write each
        - [0, "data: {\\"choices\\":[{\\"delta\\":{\\"content\\":\\"Hi\\"}}]}\\n\\n"]
        - [50, { base64: ZGF0YTogW0RPTkVdCgo= }]
      ending: complete                              # or cut: the connection breaks; or held: it stays open

--script NAME plays one of these:

${Object.entries(FIXTURES)
  .map(([name, { help }]) => `  ${name.padEnd(20)}${help}`)
  .join('\n')}`;

  static override examples = [
    '<%= config.bin %> <%= command.id %> --port 8090 --token-rate 50 --ttft-ms 200 --tokens 128',
    '<%= config.bin %> <%= command.id %> --script truncated',
  ];

  static override flags = {
    host: Flags.string({ helpValue: 'ADDRESS', default: '127.0.0.1', description: 'address to listen on' }),
    port: Flags.integer({ min: 0, max: 65_535, default: 8090, description: 'port to listen on; 0 = any free one' }),
    'token-rate': Flags.integer({
      min: 0,
      max: 100_000,
      default: 50,
      description: 'tokens a second of each stream; 0 = as fast as they are taken',
    }),
    'ttft-ms': Flags.integer({ min: 0, default: 100, description: 'time to the first token' }),
    tokens: Flags.integer({ min: 0, default: 128, description: 'tokens of an answer' }),
    'tokens-per-chunk': Flags.integer({ min: 1, default: 1, description: 'tokens in one event' }),
    'chunk-bytes': Flags.integer({ min: 0, max: 1_000_000, default: 0, description: 'fill events up to this size' }),
    stamps: Flags.boolean({ description: 'make the text of each event the time it was sent' }),
    script: Flags.string({
      helpValue: 'FILE|NAME',
      exclusive: ['token-rate', 'ttft-ms', 'tokens', 'tokens-per-chunk', 'chunk-bytes', 'stamps'],
      description: 'play this, byte by byte',
    }),
    'die-at': Flags.integer({ min: 1, helpValue: 'REQUEST', description: 'die with this request, the first being 1' }),
  };

  async run(): Promise<{ url: string; requests: number }> {
    const { flags } = await this.parse(BenchMock);
    const [{ MockServer }, { monotonicUs }, { systemClock }, { StopSignals }] = await Promise.all([
      import('../../bench/mock/server.js'),
      import('../../bench/mock/monotonic.js'),
      import('../../src/base/clock.js'),
      import('../../src/stop-signals.js'),
    ]);
    const script = flags.script === undefined ? undefined : await this.#script(flags.script);
    const mock = new MockServer(
      {
        host: flags.host,
        port: flags.port,
        tokensPerSecond: flags['token-rate'] === 0 ? null : flags['token-rate'],
        ttftMs: flags['ttft-ms'],
        tokens: flags.tokens,
        tokensPerChunk: flags['tokens-per-chunk'],
        chunkBytes: flags['chunk-bytes'],
        stamps: flags.stamps,
        ...(script && { script }),
        ...(flags['die-at'] !== undefined && { diesAtRequest: flags['die-at'] }),
      },
      { clock: systemClock, stampUs: monotonicUs },
    );
    const signals = new StopSignals((exitCode) => process.exit(exitCode));
    try {
      await mock.start();
      const line = `listening on ${mock.url}`;
      if (this.jsonEnabled()) process.stderr.write(`${line}\n`);
      else this.log(line);
      await Promise.race([signals.first, mock.died]);
    } finally {
      await mock.stop();
      signals.dispose();
    }
    return { url: mock.url, requests: mock.requests };
  }

  async #script(name: string) {
    const known = Object.hasOwn(FIXTURES, name) ? FIXTURES[name] : undefined;
    if (known) return known.script;
    const [{ readFile }, { parseScript }, { GollamaError, messageOf }] = await Promise.all([
      import('node:fs/promises'),
      import('../../bench/mock/script-file.js'),
      import('../../src/base/errors.js'),
    ]);
    const text = await readFile(name, 'utf8').catch((thrown: unknown) => {
      throw new GollamaError('usage', `--script ${name} is neither a known name nor a file: ${messageOf(thrown)}`, {
        hint: 'gollama bench mock --help lists the names',
        cause: thrown,
      });
    });
    return parseScript(text, name);
  }
}
