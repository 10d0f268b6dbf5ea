import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { ReaderCalls } from '../../../src/base/sqlite/reader-calls.js';
import { atEnd, endAll } from '../../support/ending.js';
import { makePlace } from '../../support/place.js';

afterEach(endAll);

/** Speaks as `serveCalls` does. What it does depends on a file: what cannot open refuses, as does one that dies. */
const PROGRAM = `
import { existsSync, readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
const trouble = existsSync(workerData) ? readFileSync(workerData, 'utf8') : '';
parentPort.on('message', (message) => {
  if (trouble === 'dies') process.exit(1);
  const error = { code: 'storage_error', message: 'it does not open' };
  if (message.kind === 'open') parentPort.postMessage(trouble === '' ? { kind: 'ready' } : { kind: 'refused', error });
  if (message.kind === 'question') parentPort.postMessage({ kind: 'answer', id: message.id, answer: message.question.text });
  if (message.kind === 'close') {
    parentPort.removeAllListeners('message');
    parentPort.postMessage({ kind: 'closed', error: undefined });
  }
});
`;

function make() {
  const place = makePlace();
  place.write('reader.js', PROGRAM);
  place.write('package.json', '{"type":"module"}');
  const trouble = `${place.cwd}/trouble`;
  const calls = new ReaderCalls<{ kind: 'echo'; text: string }, { echo: string }>(
    { beside: pathToFileURL(`${place.cwd}/caller.js`).href, name: 'reader' },
    trouble,
  );
  atEnd(() => calls.close());
  return { place, calls, ask: (text: string) => calls.ask({ kind: 'echo', text }) };
}

describe('questions to a thread that reads', () => {
  it('are answered, from the first one on', async () => {
    const { ask } = make();
    expect(await Promise.all([ask('a'), ask('b')])).toEqual(['a', 'b']);
  });

  it.each(['refuses', 'dies'])('are answered again where one that %s was in the way', async (trouble) => {
    const { place, ask } = make();
    place.write('trouble', trouble);
    await expect(ask('a')).rejects.toThrow(trouble === 'dies' ? /ended/ : 'it does not open');
    place.write('trouble', '');
    expect(await ask('b')).toBe('b');
  });

  it('are not answered after the end, which comes also where there was none', async () => {
    const { calls, ask } = make();
    await calls.close();
    await expect(ask('a')).rejects.toMatchObject({ code: 'shutting_down' });
  });
});
