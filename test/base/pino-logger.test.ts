import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toGollamaError } from '../../src/base/errors.js';
import { createLogger, type LoggerOptions } from '../../src/base/pino-logger.js';
import { ManualClock } from '../support/manual-clock.js';

class Collector extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gollama-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(options: Partial<LoggerOptions> = {}) {
  const stderr = new Collector();
  const clock = new ManualClock();
  const opened = createLogger(
    {
      level: 'info',
      file: undefined,
      maxSizeMb: undefined,
      maxAgeDays: undefined,
      stderrIsTTY: false,
      color: false,
      ...options,
    },
    { clock, stderr },
  );
  return { ...opened, stderr, clock };
}

const lines = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the logger', () => {
  test('writes JSON lines where stderr is no terminal', async () => {
    const { logger, stderr, close } = open();
    logger.child({ engine: 'a' }).warn({ attempt: 2 }, 'restarting');
    await close();
    expect(lines(stderr.text)).toEqual([
      { level: 'warn', time: expect.stringMatching(/^\d{4}-/), engine: 'a', attempt: 2, msg: 'restarting' },
    ]);
  });

  test('writes one readable line a message on a terminal', async () => {
    const { logger, stderr, close } = open({ stderrIsTTY: true });
    logger.info({ slots: 4 }, 'engine is ready');
    await close();
    expect(stderr.text).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: engine is ready \{"slots":4\}\n$/);
  });

  test('uses colours only when told to', async () => {
    const plain = open({ stderrIsTTY: true });
    const coloured = open({ stderrIsTTY: true, color: true });
    for (const { logger, close } of [plain, coloured]) {
      logger.error({}, 'boom');
      await close();
    }
    expect([plain.stderr.text.includes('\u001b['), coloured.stderr.text.includes('\u001b[')]).toEqual([false, true]);
  });

  test.each([
    ['error', ['error']],
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['silent', []],
  ] as const)('at level %s writes %j', async (level, expected) => {
    const { logger, stderr, close } = open({ level });
    for (const each of ['trace', 'debug', 'info', 'warn', 'error'] as const) logger[each]({}, 'x');
    await close();
    expect(lines(stderr.text).map((line) => line.level)).toEqual(expected);
  });

  test('hides secrets at the usual places', async () => {
    const { logger, stderr, close } = open();
    const secret = 'hunter2';
    logger.info(
      { apiKey: secret, engine: { apiKey: secret }, headers: { authorization: secret, 'x-api-key': secret } },
      'a',
    );
    logger.info({ req: { headers: { authorization: secret, cookie: secret } }, key: 'queue.max_waiting' }, 'b');
    await close();
    expect(stderr.text).not.toContain(secret);
    expect(stderr.text).toContain('[redacted]');
    expect(stderr.text).toContain('queue.max_waiting');
  });
});

describe('the log file', () => {
  test('gets the same lines as JSON beside stderr, appended to what was there', async () => {
    const file = join(folder, 'sub', 'server.log');
    for (const message of ['one', 'two']) {
      const { logger, stderr, close } = open({ file, stderrIsTTY: true });
      logger.info({}, message);
      await close();
      expect(stderr.text).toContain(message);
    }
    expect(lines(readFileSync(file, 'utf8')).map((line) => line.msg)).toEqual(['one', 'two']);
  });

  test('is rotated by size without losing a line', async () => {
    const file = join(folder, 'server.log');
    const { logger, stderr, close } = open({ file, maxSizeMb: 0.01 });
    for (let index = 0; index < 300; index++) logger.info({ index, padding: 'x'.repeat(100) }, 'line');
    await close();
    const names = readdirSync(folder);
    expect(names.length).toBeGreaterThan(2);
    for (const name of names) expect(name).toMatch(/^server\.log(\.\d{8}-\d{6}\.\d+)?$/);
    const all = names.flatMap((name) => lines(readFileSync(join(folder, name), 'utf8')).map((line) => line.index));
    expect(all.sort((left, right) => Number(left) - Number(right))).toEqual(
      Array.from({ length: 300 }, (_, index) => index),
    );
    expect(lines(stderr.text)).toHaveLength(300);
  });

  test('is swept of old rotated files at the start and once a day, and of nothing else', async () => {
    const file = join(folder, 'server.log');
    const names = [
      'server.log.20200101-000000.1',
      'server.log.20200102-000000.1',
      'server.log.mine',
      'other.log.20200101-000000.1',
    ];
    const clock = new ManualClock();
    const daysOld: Record<string, number> = { 'server.log.20200102-000000.1': 6.5 };
    for (const name of names) {
      const path = join(folder, name);
      writeFileSync(path, '');
      const atS = (clock.epoch() - (daysOld[name] ?? 30) * 86_400_000) / 1000;
      utimesSync(path, atS, atS);
    }
    const { clock: running, close } = open({ file, maxAgeDays: 7 });
    expect(readdirSync(folder).sort()).toEqual([
      'other.log.20200101-000000.1',
      'server.log',
      'server.log.20200102-000000.1',
      'server.log.mine',
    ]);
    running.advance(86_400_000);
    expect(readdirSync(folder).sort()).toEqual(['other.log.20200101-000000.1', 'server.log', 'server.log.mine']);
    await close();
    await close();
    expect(running.timers).toBe(0);
  });

  test('that cannot be opened is a configuration error with its path and the reason', () => {
    writeFileSync(join(folder, 'plain'), '');
    const attempt = (file: string) => {
      try {
        open({ file });
      } catch (thrown) {
        return toGollamaError(thrown);
      }
      throw new Error('it was opened');
    };
    expect(attempt(join(folder, 'plain', 'server.log'))).toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(/^cannot open the log file .*plain\/server\.log: E(NOTDIR|EXIST)/),
      hint: expect.stringContaining('logger.file'),
    });
    expect(attempt(folder).message).toContain('EISDIR');
  });
});
