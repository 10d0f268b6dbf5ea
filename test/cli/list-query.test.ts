import { describe, expect, it } from 'vitest';
import { listQuery } from '../../src/cli/list-query.js';
import { queryText } from '../../src/client/new-task.js';

describe('the flags of a list', () => {
  it('take comma lists and repeated flags for the same', () => {
    const query = listQuery({ status: ['running,Pending', 'failed'], type: ['chat'], priority: ['high,-1', 'low'] });
    expect(queryText(query)).toBe(
      '?status=running&status=pending&status=failed&type=chat&priority=10&priority=-1&priority=1&order=newest',
    );
  });

  it('ask for the newest first, and for nothing else', () => {
    expect(queryText(listQuery({ limit: 0 }))).toBe('?order=newest');
  });

  it.each([
    [{ status: ['runing'] }, /--status: "runing" is none of pending, running/, 'did you mean "running"?'],
    [{ type: ['image'] }, /--type: "image" is none of chat, generate, embed/, undefined],
    [{ priority: ['urgent'] }, /--priority: "urgent" is no priority/, expect.stringContaining('critical (15)')],
  ])('%j is refused', (flags, message, hint) => {
    expect(() => listQuery(flags)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(message), hint }),
    );
  });
});
