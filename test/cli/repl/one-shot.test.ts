import { afterEach, describe, expect, it } from 'vitest';
import { GollamaError } from '../../../src/base/errors.js';
import { answerOnce, type OneShotParts } from '../../../src/cli/repl/one-shot.js';
import { endAll } from '../../support/ending.js';
import { fakeChat, model, NO_STATS, type Script, said } from './fake-chat.js';

afterEach(endAll);

async function once(script: Script, how: Partial<OneShotParts> = {}, contextTokens?: number) {
  const fake = await fakeChat({ models: [model('m', contextTokens)] });
  fake.answers.scripts.push(script);
  const { chat, clock, repl } = fake;
  const signal = new AbortController().signal;
  const parts = { chat, clock, screen: repl.screen, isJson: false, isFile: false, signal, ...how };
  const result = await answerOnce('why?', parts).catch((error: unknown) => error);
  const kept = chat.session.revision > 0 ? (await fake.files.find(chat.session.id)).conversation.turns : [];
  return { ...fake, result, kept };
}

describe('one answer', () => {
  it('is printed, told and kept', async () => {
    const { result, out, err, chat, kept } = await once(said('because', 9, 2));
    expect([out.text, err.text]).toEqual(['because\n', '']);
    expect(result).toMatchObject({
      model: 'm',
      text: 'because',
      usage: { prompt: 9, completion: 2 },
      session: chat.session.id,
    });
    expect(kept.map(({ answer }) => answer?.text)).toEqual(['because']);
  });

  it('is not printed where it is told as JSON', async () => {
    const { result, out } = await once(said('because'), { isJson: true });
    expect([out.text, result]).toEqual(['', expect.objectContaining({ text: 'because', finishReason: 'stop' })]);
  });

  it('that fails is printed and kept as far as it came', async () => {
    const { result, out, kept } = await once([
      { kind: 'text', text: 'beca' },
      new GollamaError('engine_error', 'broken'),
    ]);
    expect([out.text, result]).toEqual(['beca\n', expect.objectContaining({ message: 'broken' })]);
    expect(kept[0]?.answer).toMatchObject({ text: 'beca', reason: 'failed' });
  });

  it('that is stopped is kept as far as it came', async () => {
    const stop = new AbortController();
    const fake = await fakeChat();
    fake.answers.scripts.push([{ kind: 'text', text: 'beca' }, 'hang']);
    fake.answers.onHang = () => stop.abort();
    const { chat, clock, repl } = fake;
    const parts = { chat, clock, screen: repl.screen, isJson: false, isFile: true, signal: stop.signal };
    expect(await answerOnce('why?', parts)).toMatchObject({ text: 'beca', finishReason: 'stopped' });
    expect(fake.out.text).toBe('beca\n');
    expect((await fake.files.find(chat.session.id)).conversation.turns).toHaveLength(1);
  });

  it('that somebody else ended is a failure', async () => {
    const { result } = await once([{ kind: 'end', reason: 'cancelled', usage: undefined, stats: NO_STATS }]);
    expect(result).toMatchObject({ code: 'cancelled', exitCode: 1 });
  });

  it('says where it is cut off, and where the question may be', async () => {
    const length: Script = [
      { kind: 'text', text: 'a' },
      { kind: 'end', reason: 'length', usage: undefined, stats: NO_STATS },
    ];
    const { err } = await once(length, {}, 3);
    expect(err.text).toBe('· this is ~5 tokens, and the context has 3\n· [length] the answer is not complete\n');
  });
});
