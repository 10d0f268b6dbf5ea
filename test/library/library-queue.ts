/** A started queue manager in a place of its own, with a simulated engine that says known words at once. */
import type { Clock } from '../../src/base/clock.js';
import { QueueManager, type QueueManagerOptions } from '../../src/index.js';
import { atEnd } from '../support/ending.js';
import { makePlace, type Place } from '../support/place.js';
import { type RecordedLine, recordingLogger } from '../support/recording-logger.js';

export interface LibrarySetup {
  readonly options?: Omit<QueueManagerOptions, 'config'>;
  /** Of the configuration file, beside the engine. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly engines?: readonly object[];
  readonly place?: Place;
  readonly clock?: Clock;
}

export const SIMULATED = { kind: 'simulated', name: 'sim', models: ['sim'], ttft: '0s', token_time: '0s', slots: 4 };

export interface Library {
  readonly manager: QueueManager;
  readonly lines: readonly RecordedLine[];
  readonly place: Place;
}

export function libraryQueue(setup: LibrarySetup = {}): Library {
  const place = setup.place ?? makePlace();
  const { logger, lines } = recordingLogger();
  const config = { data_dir: place.dataDir, engines: setup.engines ?? [SIMULATED], ...setup.config };
  const manager = new QueueManager(
    { config, ...setup.options },
    {
      logger,
      surroundings: { env: {}, cwd: place.cwd, home: place.home },
      ...(setup.clock ? { clock: setup.clock } : {}),
    },
  );
  atEnd(() => manager.stop());
  return { manager, lines, place };
}

export async function startedQueue(setup: LibrarySetup = {}): Promise<Library> {
  const library = libraryQueue(setup);
  await library.manager.start();
  return library;
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
