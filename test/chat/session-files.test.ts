import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { seededRandom } from '../../src/base/random.js';
import { answered, asked, userMessage } from '../../src/chat/conversation.js';
import { newSession, type Session } from '../../src/chat/session.js';
import { SessionFiles, sessionsFolder } from '../../src/chat/session-files.js';
import { atEnd, endAll } from '../support/ending.js';
import { givenAnswer } from './given-answer.js';

afterEach(endAll);

function make(seed = 1) {
  const state = mkdtempSync(join(tmpdir(), 'sessions-'));
  atEnd(() => rmSync(state, { recursive: true, force: true }));
  const folder = sessionsFolder({ stateHome: state, home: '/nowhere' });
  return {
    folder,
    files: new SessionFiles({ folder, random: seededRandom(seed) }),
    path: (id: string) => join(folder, `${id}.json`),
  };
}

const said = (session: Session, text: string): Session => ({
  ...session,
  conversation: answered(asked(session.conversation, userMessage(text)), givenAnswer('yes')),
});
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

/** Saved in this order: the file system's own times may be too coarse to tell. */
async function saved(files: SessionFiles, path: (id: string) => string, ids: readonly string[]): Promise<void> {
  for (const [at, id] of ids.entries()) {
    await files.save(said(newSession(id, 'm', 0), `question of ${id}`));
    utimesSync(path(id), 1000 + at, 1000 + at);
  }
}

describe('sessions on disk', () => {
  it('are readable by their owner alone, in a folder of their owner alone', async () => {
    const { files, folder, path } = make();
    const session = await files.save(said(await files.create('m'), 'hi'));
    expect([modeOf(folder), modeOf(path(session.id))]).toEqual(['700', '600']);
    expect(readdirSync(folder)).toEqual([`${session.id}.json`]);
  });

  it('are found again as they were saved', async () => {
    const { files } = make();
    const created = await files.create('m');
    expect(created.id).toMatch(/^s-[2-9a-z]{3}$/);
    const first = await files.save(said(created, 'hi'));
    const second = await files.save(said(first, 'more'));
    expect(second).toMatchObject({ revision: 2, title: 'hi' });
    expect(await files.find(created.id)).toEqual(second);
    expect(await files.last()).toEqual(second);
  });

  it('are not written before they are saved', async () => {
    const { files, folder } = make();
    await files.create('m');
    expect(existsSync(folder)).toBe(false);
    expect(await files.list()).toEqual({ sessions: [], damaged: [], unseen: 0 });
    expect(await files.last()).toBeUndefined();
    await expect(files.find('s-abc')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('have ids that no other has', async () => {
    const { files, path, folder } = make();
    const taken = await new SessionFiles({ folder, random: () => 0 }).create('m');
    await files.save(taken);
    const other = await new SessionFiles({ folder, random: () => 0 }).create('m');
    expect(taken.id).toBe('s-222');
    expect(other.id).toBe('s-2222');
    expect(existsSync(path(other.id))).toBe(false);
  });

  it('are found by the beginning of their id, with and without s-', async () => {
    const { files, path } = make();
    await saved(files, path, ['s-abc', 's-abd', 's-xyz', 's-abcd']);
    expect((await files.find('s-x')).id).toBe('s-xyz');
    expect((await files.find('xyz')).id).toBe('s-xyz');
    expect((await files.find('abc')).id).toBe('s-abc');
    await expect(files.find('ab')).rejects.toMatchObject({ code: 'usage', hint: 's-abcd, s-abd, s-abc' });
    await expect(files.find('s-xyy')).rejects.toMatchObject({ code: 'not_found', hint: 'did you mean s-xyz?' });
    await expect(files.find('../../x')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('are listed newest first, as many as one likes', async () => {
    const { files, path } = make();
    await saved(files, path, ['s-old', 's-mid', 's-new']);
    const list = await files.list(2);
    expect(list.sessions.map(({ id }) => id)).toEqual(['s-new', 's-mid']);
    expect(list).toMatchObject({ unseen: 1, damaged: [] });
    expect(list.sessions[0]).toMatchObject({ title: 'question of s-new', turns: 1, model: 'm' });
  });

  it('that are damaged are told, passed over, and left as they are', async () => {
    const { files, path, folder } = make();
    await saved(files, path, ['s-good', 's-bad', 's-alien']);
    writeFileSync(path('s-bad'), '{"version":1,');
    writeFileSync(path('s-alien'), readFileSync(path('s-good')));
    writeFileSync(join(folder, 'notes.json'), 'mine');
    writeFileSync(join(folder, 's-x.txt'), 'mine');
    const { sessions, damaged } = await files.list();
    expect(sessions.map(({ id }) => id)).toEqual(['s-good']);
    expect(damaged.map(({ problem }) => problem).sort()).toEqual([
      expect.stringMatching(/s-alien\.json cannot be read: it is of session s-good$/),
      expect.stringMatching(/s-bad\.json cannot be read: it is not JSON$/),
    ]);
    const told: string[] = [];
    expect((await files.last(({ path: at }) => told.push(at)))?.id).toBe('s-good');
    expect(told).toHaveLength(2);
    expect(readFileSync(path('s-bad'), 'utf8')).toBe('{"version":1,');
    await expect(files.find('s-bad')).rejects.toMatchObject({ code: 'storage_error' });
  });

  it('that another program has saved meanwhile are not overwritten', async () => {
    const { files, folder, path } = make();
    const other = new SessionFiles({ folder });
    const mine = await files.save(said(await files.create('m'), 'hi'));
    const theirs = await other.save(said(await other.find(mine.id), 'theirs'));
    const before = readFileSync(path(mine.id), 'utf8');
    await expect(files.save(said(mine, 'mine'))).rejects.toMatchObject({ code: 'conflict' });
    expect(readFileSync(path(mine.id), 'utf8')).toBe(before);
    expect(readdirSync(folder)).toEqual([`${mine.id}.json`]);
    const forked = await files.save(await files.fork(said(mine, 'mine')));
    expect(forked.id).not.toBe(mine.id);
    expect(forked.conversation.turns).toHaveLength(2);
    expect(await other.find(mine.id)).toEqual(theirs);
  });

  it('that two programs save at the same moment are saved by one of them', async () => {
    const { files, folder } = make();
    const mine = await files.save(await files.create('m'));
    const outcomes = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map((text) => new SessionFiles({ folder }).save(said(mine, text))),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await files.find(mine.id)).revision).toBe(2);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('that were removed by another program do not come back by themselves', async () => {
    const { files } = make();
    const mine = await files.save(await files.create('m'));
    await files.remove(mine.id);
    await files.remove(mine.id);
    await expect(files.save(said(mine, 'more'))).rejects.toMatchObject({ code: 'conflict' });
  });

  it('are saved again after a program was killed while it saved', async () => {
    const { files, path } = make();
    const mine = await files.save(await files.create('m'));
    const beside = `${path(mine.id)}.new`;
    writeFileSync(beside, 'half');
    await expect(files.save(said(mine, 'more'))).rejects.toMatchObject({ code: 'conflict' });
    const longAgoS = systemClock.epoch() / 1000 - 60;
    utimesSync(beside, longAgoS, longAgoS);
    expect((await files.save(said(mine, 'more'))).revision).toBe(2);
    expect(existsSync(beside)).toBe(false);
  });

  it('that cannot be written say what to do', async () => {
    const { folder } = make();
    const state = join(folder, '..', '..');
    writeFileSync(join(state, 'file'), '');
    const files = new SessionFiles({ folder: join(state, 'file', 'sessions') });
    await expect(files.save(newSession('s-abc', 'm', 0))).rejects.toMatchObject({
      code: 'configuration',
      hint: expect.stringContaining('--no-save'),
    });
  });

  it('lie in the state folder of their user', () => {
    expect(sessionsFolder({ stateHome: '/state', home: '/home/me' })).toBe('/state/gollama/sessions');
    expect(sessionsFolder({ stateHome: undefined, home: '/home/me' })).toBe('/home/me/.local/state/gollama/sessions');
    expect(sessionsFolder({ stateHome: 'state', home: '/home/me' })).toBe('/home/me/.local/state/gollama/sessions');
  });
});
