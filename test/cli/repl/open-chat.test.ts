import { afterEach, describe, expect, it } from 'vitest';
import { answered, asked, userMessage } from '../../../src/chat/conversation.js';
import { SessionFiles, sessionsFolder } from '../../../src/chat/session-files.js';
import { openChat } from '../../../src/cli/repl/open-chat.js';
import { type ChatFlags, chatWish } from '../../../src/cli/repl/wish.js';
import { givenAnswer } from '../../chat/given-answer.js';
import { endAll } from '../../support/ending.js';
import { ManualClock } from '../../support/manual-clock.js';
import { makePlace } from '../../support/place.js';
import { fakeChat, model } from './fake-chat.js';

afterEach(endAll);

async function setUp() {
  const place = makePlace();
  const clock = new ManualClock();
  const files = new SessionFiles({ folder: sessionsFolder({ stateHome: undefined, home: place.home }), clock });
  const { answers } = await fakeChat();
  const notes: string[] = [];
  const models = [{ ...model('cold'), state: 'starting' }, model('warm')];
  const open = (flags: ChatFlags) => {
    const wish = chatWish(flags, { server: 'http://127.0.0.1:1', isServerNamed: false, apiKey: undefined });
    const server = { kind: 'openai', baseUrl: wish.server, answers, models: async () => models } as const;
    const around = { env: {}, cwd: place.cwd, home: place.home, platform: 'linux' };
    const parts = {
      around,
      clock,
      note: (text: string) => void notes.push(text),
      signal: new AbortController().signal,
    };
    return openChat(wish, { server, apiKey: undefined, own: undefined, model: wish.model }, parts);
  };
  const kept = async (name: string) => {
    const session = await files.create(name);
    const conversation = answered(asked(session.conversation, userMessage('hi')), givenAnswer('hello'));
    return files.save({ ...session, conversation, options: { temperature: 1 }, think: true });
  };
  return { place, files, notes, open, kept };
}

describe('a chat is begun', () => {
  it('with the first model that is ready, and nothing said', async () => {
    const { open } = await setUp();
    const chat = await open({});
    expect(chat.model.name).toBe('warm');
    expect(chat.session).toMatchObject({ model: 'warm', revision: 0, conversation: { turns: [] } });
  });

  it('with all that was asked for', async () => {
    const { open, place } = await setUp();
    place.write('a.txt', 'alpha');
    const chat = await open({ model: 'cold', system: 'be terse', option: ['seed=1'], file: ['a.txt'], think: 'low' });
    expect(chat.session).toMatchObject({ model: 'cold', options: { seed: 1 }, think: 'low' });
    expect(chat.conversation.system).toBe('be terse');
    expect(chat.attachments).toMatchObject([{ file: { name: 'a.txt' } }]);
  });

  it.each([{ model: 'wrm' }, { file: ['gone.txt'] }, { resume: 's-nope' }, { continue: true }])(
    'not with what is not there: %j',
    async (flags) => {
      const { open } = await setUp();
      await expect(open(flags)).rejects.toMatchObject({ code: expect.stringMatching(/not_found|usage/) });
    },
  );

  it('not with a text where an image was named', async () => {
    const { open, place } = await setUp();
    place.write('a.txt', 'alpha');
    const refused = { code: 'usage', message: 'a.txt is no image' };
    await expect(open({ image: ['a.txt'] })).rejects.toMatchObject(refused);
  });

  it('where the last one ended, with its model and its parameters', async () => {
    const { open, kept } = await setUp();
    const { id } = await kept('cold');
    const chat = await open({ continue: true, option: ['seed=2'] });
    expect(chat.session).toMatchObject({ id, model: 'cold', options: { temperature: 1, seed: 2 }, think: true });
    expect(chat.conversation.turns).toHaveLength(1);
    expect((await open({ resume: id.slice(2) })).session.id).toBe(id);
  });

  it('with another model where that of the session is gone, and says so', async () => {
    const { open, kept, notes } = await setUp();
    await kept('gone');
    expect((await open({ continue: true })).session.model).toBe('warm');
    expect(notes).toEqual(['gone is not there: warm answers']);
  });
});
