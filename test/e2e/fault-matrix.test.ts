/**
 * Everything a simulated engine can do wrong with an answer, seen by the clients of a gateway: streamed and whole, chat
 * and plain completions, from a server that is known to be a llama-server, from one that is not, and after a wait in the
 * queue. A failed answer never looks like a good one, and nothing of it stays behind in the gateway.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAULTS, type FaultName } from '../../src/engine/simulated/faults.js';
import { endAll } from '../support/ending.js';
import { GatewayWatch } from '../support/gateway-watch.js';
import { type Answer, begin, open, send } from '../support/http.js';
import { type SimulateProcess, startSimulate } from '../support/simulate-process.js';

const KEY = 'key-of-the-plain-one';
const DIALECTS = ['chat/completions', 'completions'] as const;
type Dialect = (typeof DIALECTS)[number];

/** Who answers: `plain` tells nobody without a key that it is a llama-server; `single` has one slot, which is taken. */
const WAYS = [
  { name: 'llama stream', model: 'llama', stream: true, waits: false },
  { name: 'llama json', model: 'llama', stream: false, waits: false },
  { name: 'plain stream', model: 'plain', stream: true, waits: false },
  { name: 'plain json', model: 'plain', stream: false, waits: false },
  { name: 'queued stream', model: 'single', stream: true, waits: true },
] as const;
type Way = (typeof WAYS)[number];

/**
 * What the client gets, one for each of WAYS:
 * - `whole`: the answer as it is without a fault · `unfinished`: the same without `[DONE]`
 * - `spoilt`: the same with an event of the engine's that is not JSON · `half`: a JSON body that ends in the middle
 * - `event CODE`: an error as the last event of a stream · `STATUS CODE`: an error instead of an answer
 * - `page`: a page for people · `cut`: a broken connection
 */
type Row = readonly [string, string, string, string, string];

const FAILED_STREAM = 'event engine_error';
const WHOLE: Row = ['whole', 'whole', 'whole', 'whole', 'whole'];

const MATRIX: Partial<Record<FaultName | 'none', Row>> = {
  none: WHOLE,
  'one-byte': WHOLE,
  'split-utf8': WHOLE,
  crlf: WHOLE,
  'long-line': WHOLE,
  reset: ['502 engine_error', '502 engine_error', '502 engine_error', '502 engine_error', FAILED_STREAM],
  cut: [FAILED_STREAM, '502 engine_error', FAILED_STREAM, 'cut', FAILED_STREAM],
  // A body that is as long as its engine said is handed on: its client cannot parse it.
  'clean-eof': [FAILED_STREAM, '502 engine_error', FAILED_STREAM, 'half', FAILED_STREAM],
  malformed: ['spoilt', '502 engine_error', 'spoilt', 'half', 'spoilt'],
  'stream-error': ['event 500', '500 500', 'event 500', '500 500', 'event 500'],
  'no-done': ['unfinished', '502 engine_error', 'unfinished', 'whole', 'unfinished'],
  'too-many': ['429 429', '429 429', '429 429', '429 429', 'event queue_full'],
  html: ['page', 'page', 'page', 'page', FAILED_STREAM],
};

/** What befalls the engine itself; its tests are where engines die, and where slots stay busy. */
const OF_THE_ENGINE: readonly FaultName[] = ['crash', 'kill', 'slot-stuck', 'frees-other-slot'];

/** An embedding is one JSON body that nothing of the gateway looks into. */
const OF_EMBEDDINGS: Partial<Record<FaultName | 'none', string>> = {
  none: 'numbers',
  'one-byte': 'numbers',
  reset: '502 engine_error',
  'too-many': '429 429',
  html: 'page',
};

/** How the log names the end of a request whose client got this. */
function outcomeOf(got: string): string {
  return got.startsWith('event') || got.startsWith('502') || got === 'cut' ? 'failed' : 'completed';
}

let llama: SimulateProcess;
let watch: GatewayWatch;

beforeAll(async () => {
  const [single, plain, several] = await Promise.all([
    startSimulate(['--slots', '1']),
    startSimulate(['--slots', '4', '--api-key', KEY]),
    startSimulate(['--slots', '4']),
  ]);
  llama = several;
  watch = await GatewayWatch.serve(`
engines:
  - {name: llama, kind: openai, base_url: "${llama.url}", models: [llama]}
  - {name: plain, kind: openai, base_url: "${plain.url}", models: [plain], slots: 4}
  - {name: single, kind: openai, base_url: "${single.url}", models: [single]}
`);
});
afterAll(endAll);

interface Ask {
  readonly id: string;
  readonly fault: string;
  readonly dialect: Dialect;
  readonly way: Pick<Way, 'model' | 'stream'>;
}

function request({ id, fault, dialect, way }: Ask) {
  const prompt = dialect === 'completions' ? { prompt: 'hi' } : { messages: [{ role: 'user', content: 'hi' }] };
  return {
    headers: { 'x-simulate-fault': fault, 'x-request-id': id, authorization: `Bearer ${KEY}` },
    body: { model: way.model, max_tokens: 12, stream: way.stream, ...prompt },
  };
}

function ask(what: Ask): Promise<Answer> {
  return open(`${watch.url}/v1/${what.dialect}`, request(what));
}

/** The text that the engine itself answers with; a fault of the wire may choose another one. */
async function wantedText(fault: string, dialect: Dialect): Promise<string> {
  const ofWire = fault === 'split-utf8' ? fault : 'none';
  const way = { model: 'llama', stream: false } as const;
  const answer = await send(`${llama.url}/v1/${dialect}`, request({ id: 'direct', fault: ofWire, dialect, way }));
  return textOf([answer.json()]);
}

function textOf(chunks: readonly { choices: { delta?: { content?: string }; message?: object; text?: string }[] }[]) {
  const texts = chunks.map(({ choices: [choice] }) => {
    const { content } = (choice?.delta ?? choice?.message ?? {}) as { content?: string };
    return content ?? choice?.text ?? '';
  });
  return texts.join('');
}

/** What a client got, in the words of the matrix; `text` is what it would get without a fault. */
async function gist(answer: Answer, text: string): Promise<string> {
  if ((await answer.ended) === 'cut') return 'cut';
  const type = String(answer.headers['content-type']);
  if (type.startsWith('text/html')) return 'page';
  if (type.startsWith('text/event-stream')) return gistOfStream(answer, text);
  const body = parse(answer.text);
  if (body === undefined) return answer.status === 200 ? 'half' : `${answer.status} unreadable`;
  if (body.error) return `${answer.status} ${body.error.code}`;
  return isText(textOf([body]), text) ? 'whole' : `another text: ${textOf([body]).slice(0, 200)}`;
}

function gistOfStream(answer: Answer, text: string): string {
  if (answer.status !== 200) return `${answer.status} stream`;
  const events = answer.events.filter((event) => event !== '[DONE]').map(parse);
  const last = events.at(-1);
  const isDone = answer.events.at(-1) === '[DONE]';
  if (last?.error) return isDone ? 'an error, then [DONE]' : `event ${last.error.code}`;
  const chunks = events.filter((event) => event !== undefined);
  if (!isText(textOf(chunks), text)) return `another text: ${textOf(chunks).slice(0, 200)}`;
  if (chunks.length < events.length) return isDone ? 'spoilt' : 'spoilt, unfinished';
  return isDone ? 'whole' : 'unfinished';
}

/** A long line adds a megabyte to a stream and stands in place of the text of a JSON answer. */
function isText(got: string, wanted: string): boolean {
  const long = 'x'.repeat(2 ** 20);
  return got === wanted || got === long || (got.includes(long) && got.replace(long, '') === wanted);
}

// biome-ignore lint/suspicious/noExplicitAny: looked into as it comes
function parse(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Takes the only slot of an engine, and gives it back when `work` has begun to wait. */
async function behindAnother(id: string, dialect: Dialect, way: Way, work: () => Promise<Answer>): Promise<Answer> {
  const holder = await ask({ id: `${id}-before`, fault: 'stall', dialect, way });
  await holder.until('data: ');
  const answer = await work();
  await answer.until(': queued position=1');
  holder.leave();
  return answer;
}

describe.each(DIALECTS)('of %s', (dialect) => {
  const cases = Object.entries(MATRIX).flatMap(([fault, row]) =>
    WAYS.map((way, at) => ({ fault, way, name: way.name, wanted: row[at] ?? '' })),
  );

  test.each(cases)('the fault $fault gives $name: $wanted', async ({ fault, way, wanted }) => {
    const id = `${dialect.replace('/', '-')}.${fault}.${way.name.replace(' ', '-')}`;
    const text = await wantedText(fault, dialect);
    const begun = () => ask({ id, fault, dialect, way });
    const answer = way.waits ? await behindAnother(id, dialect, way, begun) : await begun();
    const got = await gist(answer, text);
    expect(got).toBe(wanted);
    expect((await watch.end(id)).outcome).toBe(outcomeOf(got));
    await watch.atRest();
  });

  test.each(WAYS)('an answer that stalls, $name, ends when its client leaves', async (way) => {
    const id = `${dialect.replace('/', '-')}.stall.${way.name.replace(' ', '-')}`;
    const sending = begin(`${watch.url}/v1/${dialect}`, request({ id, fault: 'stall', dialect, way }));
    if (way.stream) await (await sending.head).until('data: ');
    else await watch.atWork(1);
    sending.leave();
    expect((await watch.end(id)).outcome).toBe('cancelled');
    await watch.atRest();
  });
});

describe('of embeddings', () => {
  const cases = Object.entries(OF_EMBEDDINGS).flatMap(([fault, wanted]) =>
    ['llama', 'plain'].map((model) => ({ fault, model, wanted })),
  );

  test.each(cases)('the fault $fault gives $model: $wanted', async ({ fault, model, wanted }) => {
    const id = `embeddings.${fault}.${model}`;
    const headers = { 'x-simulate-fault': fault, 'x-request-id': id, authorization: `Bearer ${KEY}` };
    const answer = await send(`${watch.url}/v1/embeddings`, { headers, body: { model, input: 'hi' } });
    const isVector = parse(answer.text)?.data?.[0]?.embedding?.length > 0;
    const got = isVector ? 'numbers' : await gist(answer, '');
    expect(got).toBe(wanted);
    expect((await watch.end(id)).outcome).toBe(outcomeOf(got));
    await watch.atRest();
  });
});

test('every fault of an answer has its row', () => {
  const known = Object.keys(FAULTS).filter((name) => FAULTS[name as FaultName].scope === 'answer');
  expect([...Object.keys(MATRIX), ...OF_THE_ENGINE, 'stall'].toSorted()).toEqual([...known, 'none'].toSorted());
});

test('every request has ended once in the log, and nothing of them stays behind', async () => {
  const ends = watch.gateway.records
    .filter(({ outcome }) => outcome !== undefined)
    .map(({ request: id }) => String(id));
  expect(ends.length).toBeGreaterThan(100);
  expect(ends.filter((id, at) => ends.indexOf(id) !== at)).toEqual([]);
  const holdings = await watch.backToIdle();
  expect(holdings.rssBytes - watch.idle.rssBytes).toBeLessThan(64 * 2 ** 20);
});
