import { GollamaCommand } from '../../src/cli/base-command.js';
import { BENCH_FLAGS, withJsonFile } from '../../src/cli/bench-flags.js';
import { Args } from '../../src/cli/oclif.js';

const EXIT_CODE_TERMINATED = 143;

export default class Bench extends GollamaCommand {
  static override summary = 'Measure a server that speaks the OpenAI API, and fail a CI job on what it finds';
  static override description =
    `Latencies count from when a request was due, so that a server that stalls cannot hide it.
TTFT: first token of any kind. TPOT: (last token - first token) / (tokens - 1). ICL: gap between two events with tokens.
E2E: last token. All from the start of the request; see --help of "bench report" for more outputs.

Exit codes: 0 all gates hold · 2 usage · 3 server not reachable · 7 a gate failed · 8 a regression · 9 inconclusive ·
130 interrupted. With several of 7, 8 and 9 the smallest counts.`;

  static override examples = [
    '<%= config.bin %> bench --engine sim',
    '<%= config.bin %> bench http://gpu-box:8090 -c 4 -n 20 --max-tokens 128',
    "<%= config.bin %> bench --gate 'ttft.p95<800ms' --gate 'success_rate>=99%' --junit out.xml --json out.json",
    '<%= config.bin %> bench http://new:8081 --against http://old:8081 --repeat 5',
    '<%= config.bin %> bench --rate 2.5 --duration 60s --html report.html',
    '<%= config.bin %> bench --sweep auto -n 40',
  ];

  #isResultLost = false;

  static override enableJsonFlag = false;
  static override args = {
    url: Args.string({
      description: 'base URL, with or without /v1; without it the gollama server of --server',
      ignoreStdin: true,
    }),
  };
  static override flags = BENCH_FLAGS;

  override async run(): Promise<object | undefined> {
    // The words behind a misspelt command would be told as the fault.
    await this.#checkSubcommand(this.argv[0]);
    const { args, flags } = await this.parse(Bench, withJsonFile(this.argv));
    await this.#checkSubcommand(args.url);
    // First of all: what follows takes a while to load, and an interrupt then still gets its report.
    const { StopSignals } = await import('../../src/stop-signals.js');
    const interrupt = new AbortController();
    const signals = new StopSignals((exitCode) => process.exit(exitCode));
    let isTerminated = false;
    void signals.first.then((signal) => {
      isTerminated = signal === 'SIGTERM';
      interrupt.abort();
    });
    const [{ runBench }, { BenchTerminal }, { systemClock }, { realSurroundings }] = await Promise.all([
      import('../../bench/run-bench.js'),
      import('../../src/cli/bench-terminal.js'),
      import('../../src/base/clock.js'),
      import('../../src/config/load.js'),
    ]);
    const { env } = realSurroundings();
    const terminal = new BenchTerminal({ quiet: flags.quiet, progress: flags.progress, ascii: flags.ascii, env });
    const ended = await runBench(
      {
        url: args.url,
        defaultUrl: await this.serverUrl(flags),
        apiKey: this.apiKey(flags),
        flags,
        env,
        clock: systemClock,
        signal: interrupt.signal,
      },
      terminal,
    ).finally(() => signals.dispose());
    process.exitCode = ended.failure?.exitCode ?? (isTerminated ? EXIT_CODE_TERMINATED : ended.exitCode);
    this.#isResultLost = ended.isResultLost;
    if (ended.annotations !== '') process.stderr.write(`${ended.annotations}\n`);
    if (!flags.quiet) {
      // Standard output belongs to the JSON where that is wanted there.
      if (this.jsonEnabled()) process.stderr.write(`${ended.report}\n`);
      else this.log(ended.report);
    }
    if (ended.failure) process.stderr.write(`error: ${ended.failure.message}\n`);
    return ended.json;
  }

  async #checkSubcommand(word: string | undefined): Promise<void> {
    if (word === undefined) return;
    const { misspeltSubcommand } = await import('../../src/cli/command-not-found.js');
    const known = this.config.commands.map(({ id }) => id.replaceAll(':', ' '));
    const failure = misspeltSubcommand(word, 'bench', known, this.config.bin);
    if (failure) this.fail(failure);
  }

  /** `--json -`: the result, and any failure, on standard output; there too what its own file could not take. */
  override jsonEnabled(): boolean {
    if (this.#isResultLost) return true;
    const argv = withJsonFile(this.argv);
    return argv.some((argument, at) => argument === '--json=-' || (argument === '--json' && argv[at + 1] === '-'));
  }
}
