import { describe, expect, it } from 'vitest';
import { type SubmitFlags, taskMembers, timeoutOf } from '../../src/cli/submit-flags.js';

const PLAIN: SubmitFlags = { priority: 'normal', wait: false, stream: false };
const members = (flags: Partial<SubmitFlags>) => JSON.parse(JSON.stringify(taskMembers({ ...PLAIN, ...flags })));

describe('the flags of a submission', () => {
  it('that were not given leave everything to the server', () => {
    expect(members({})).toEqual({ priority: 5 });
  });

  it.each<[Partial<SubmitFlags>, object]>([
    [{ priority: 'HIGH' }, { priority: 10 }],
    [{ priority: '-3' }, { priority: -3 }],
    [{ 'max-retries': 0 }, { max_retries: 0 }],
    [{ delay: '1m30s' }, { delay: '1m30s' }],
    [{ at: '2026-11-20T15:00:00+01:00' }, { scheduled_at: '2026-11-20T15:00:00+01:00' }],
    [{ key: 'k' }, { idempotency_key: 'k' }],
    [{ webhook: 'https://h/x' }, { webhook: 'https://h/x' }],
    [
      { option: ['temperature=0.2', 'stop=["a","b"]', 'name=a=b', 'think=true'] },
      { options: { temperature: 0.2, stop: ['a', 'b'], name: 'a=b', think: true } },
    ],
  ])('%j come to %j', (flags, task) => {
    expect(members(flags)).toEqual({ priority: 5, ...task });
  });

  it.each<[Partial<SubmitFlags>, RegExp]>([
    [{ priority: 'urgent' }, /^--priority: "urgent" is no priority$/],
    [{ delay: '30' }, /^--delay: "30" is no duration$/],
    [{ delay: '-5s' }, /^--delay: "-5s" is no duration$/],
    [{ at: 'tomorrow' }, /^--at: "tomorrow" is no time$/],
    [{ at: '2026-02-30T00:00:00Z' }, /^--at: /],
    [{ webhook: 'ftp://h' }, /^--webhook: "ftp:\/\/h" is no web address$/],
    [{ option: ['temperature'] }, /^--option: "temperature" has no value$/],
  ])('%j are refused', (flags, message) => {
    expect(() => members(flags)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) }),
    );
  });

  it('limit the time only of what is waited for', () => {
    expect(timeoutOf({ ...PLAIN, wait: true, timeout: '2s' })).toBe(2000);
    expect(timeoutOf(PLAIN)).toBeUndefined();
    expect(() => timeoutOf({ ...PLAIN, timeout: '2s' })).toThrow('--timeout is for --wait and --stream');
  });
});
