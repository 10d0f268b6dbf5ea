import type { Calibration } from '../../bench/calibration.js';
import { GollamaCommand } from '../../src/cli/base-command.js';
import { Flags } from '../../src/cli/oclif.js';

const EXIT_CODE_INTERRUPTED = 130;

export default class BenchCalibrate extends GollamaCommand {
  static override summary = 'Measure what this machine adds to the latencies that gollama bench reports';
  static override description =
    'A child process sends paced streams that carry their time of sending; the client of gollama bench receives them. \
`delay` is what the client adds to the latency of an event, `max_events_per_s` what it takes in when nothing paces it.';

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --concurrency 256 --token-rate 50 --duration 3',
  ];

  static override flags = {
    concurrency: Flags.integer({ char: 'c', min: 1, max: 10_000, default: 4, description: 'streams at once' }),
    'token-rate': Flags.integer({ min: 1, max: 10_000, default: 50, description: 'tokens a second of each stream' }),
    duration: Flags.integer({ char: 'd', min: 1, max: 60, default: 1, description: 'seconds' }),
    workers: Flags.integer({ min: 1, max: 64, default: 1, description: 'threads' }),
  };

  async run(): Promise<Calibration | undefined> {
    const { flags } = await this.parse(BenchCalibrate);
    const [{ calibrate }, { systemClock }, { StopSignals }, { renderTable }] = await Promise.all([
      import('../../bench/calibration.js'),
      import('../../src/base/clock.js'),
      import('../../src/stop-signals.js'),
      import('../../src/cli/table.js'),
    ]);
    const interrupt = new AbortController();
    const signals = new StopSignals((exitCode) => process.exit(exitCode));
    void signals.first.then(() => interrupt.abort());
    try {
      const calibration = await calibrate({
        streams: flags.concurrency,
        tokensPerSecond: flags['token-rate'],
        durationMs: flags.duration * 1000,
        workers: flags.workers,
        clock: systemClock,
        signal: interrupt.signal,
      });
      if (calibration === null) {
        process.exitCode = EXIT_CODE_INTERRUPTED;
        return undefined;
      }
      this.log(
        renderTable([{ title: 'client' }, { title: '', align: 'right' }], rows(calibration, flags['token-rate'])),
      );
      return calibration;
    } finally {
      signals.dispose();
    }
  }
}

function rows(calibration: Calibration, tokenRate: number): string[][] {
  const { streams, delay_ms: delay, cpu_us_per_event: cpuUs, max_events_per_s: eventsMax } = calibration;
  return [
    ['streams', `${streams} x ${tokenRate} tok/s`],
    ['delay p50', `${delay.p50.toFixed(2)} ms`],
    ['delay p99', `${delay.p99.toFixed(2)} ms`],
    ['CPU time per event', `${cpuUs.toFixed(1)} us`],
    ['events per second, at most', Math.round(eventsMax).toString()],
  ];
}
