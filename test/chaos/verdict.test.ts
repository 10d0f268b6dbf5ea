/** The verdict of the chaos test finds what is broken. */
import { describe, expect, it } from 'vitest';
import { Transcript } from './transcript.js';
import { type Told, violations } from './verdict.js';

const FIRST = { text: 'one two three', reasoning: 'a' };
const SECOND = { text: 'four five six', reasoning: 'b' };

function transcript(tell: (transcript: Transcript) => void, face = 'face'): Transcript {
  const told = new Transcript(face);
  tell(told);
  return told;
}

function said({ text, reasoning }: typeof FIRST): Transcript {
  return transcript((told) => {
    told.think(reasoning);
    told.say(text);
    told.finish('completed');
  });
}

function verdict(told: Partial<Told>, ...transcripts: Transcript[]): readonly string[] {
  const lives = [{ startedEpochMs: 0, listeningEpochMs: 10 }];
  const answer = { mark: 'm', status: 'completed', endedEpochMs: 50, runs: [FIRST, SECOND], transcripts, ...told };
  return violations([answer], lives);
}

describe('the verdict', () => {
  it('has nothing against a reader who was told the last attempt', () => {
    expect(verdict({}, said(SECOND))).toEqual([]);
  });

  it('finds a reader who was told an attempt that does not count', () => {
    expect(verdict({}, said(FIRST)).join()).toMatch(/text differs.*reasoning differs/);
  });

  it('finds a piece that was lost and one that came twice', () => {
    expect(verdict({}, said({ ...SECOND, text: 'four six' })).join()).toContain('from character 5 of 13 on: "six"');
    expect(verdict({}, said({ ...SECOND, text: 'four four five six' }))).toHaveLength(1);
  });

  it('finds a reader who was not told the end, and one who was told another', () => {
    const open = transcript((told) => told.say('four'));
    expect(verdict({}, open).join()).toContain('was not told the end');
    const failed = transcript((told) => told.finish('failed'));
    expect(verdict({}, failed).join()).toContain('was told that it failed, and it is completed');
  });

  it('takes the beginning of an answer that failed, and nothing else', () => {
    const told = (text: string) =>
      transcript((reader) => {
        reader.say(text);
        reader.finish('failed');
      });
    expect(verdict({ status: 'failed' }, told('four'), told('one two'))).toEqual([]);
    expect(verdict({ status: 'failed' }, told('two')).join()).toContain('not what the engine began to say');
  });

  it('finds numbers that are left out, that come twice, and offsets that do not rise', () => {
    const numbered = (...numbers: number[]) =>
      transcript((told) => {
        for (const number of numbers) told.record(number, '');
      }).faults;
    expect(numbered(1, 2, 3)).toEqual([]);
    expect(numbered(1, 3)).toEqual(['was told number 3 after 1']);
    expect(numbered(1, 1)).toEqual(['was told number 1 after 1']);
    const merged = transcript((told) => {
      for (const offset of [4, 9, 9]) told.upTo(offset);
    });
    expect(merged.faults).toEqual(['was told offset 9 after 9']);
  });

  it('finds readers who were told different things under one number', () => {
    const numbered = (content: string, face: string) =>
      transcript((told) => {
        told.record(1, content);
        told.finish('failed');
      }, face);
    const found = verdict({ status: 'failed' }, numbered('a', 'one'), numbered('b', 'other'));
    expect(found).toEqual(['m: other and one were told different things as number 1']);
  });

  it('finds an answer that has not ended', () => {
    expect(verdict({ status: 'running' })).toEqual(['m: is running']);
  });

  it('lets a page leave without its answer where that had ended before the server was started, or was cut off behind its end', () => {
    const untold = transcript((told) => told.finish('untold'));
    const cut = transcript((told) => {
      told.cut();
      told.finish('untold');
    });
    expect(verdict({}, cut)).toEqual([]);
    expect(verdict({}, untold)).toEqual(['m, face: was told that there is nothing to come back for, and there was']);
    expect(verdict({ endedEpochMs: 5 }, untold)).toEqual([]);
  });
});
