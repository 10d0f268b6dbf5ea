import { describe, expect, it } from 'vitest';
import type { TaskReport } from '../../src/protocol/task.js';
import type { LogEntry } from '../../src/stream/record.js';
import { reportFor, viewOf } from '../../src/tasks/visitor-view.js';

const ADMIN = { admin: true };
const OTHER = { admin: false };
const TEXT: LogEntry = { sequence: 1, record: { kind: 'text', text: 'see http://10.0.0.5:8000' } };
const FAILED: LogEntry = {
  sequence: 2,
  record: { kind: 'error', message: 'no answer of http://10.0.0.5:8000', code: 'engine_error' },
};

describe('what a visitor sees of a log', () => {
  it('is the very same array where nothing failed, and always for admins', () => {
    const entries = [TEXT];
    expect(viewOf(OTHER)(entries)).toBe(entries);
    const failed = [TEXT, FAILED];
    expect(viewOf(ADMIN)(failed)).toBe(failed);
  });

  it('has failures without places, and answers as they are', () => {
    const failed = { ...FAILED, record: { ...FAILED.record, message: 'no answer of [address]' } };
    expect(viewOf(OTHER)([TEXT, FAILED])).toEqual([TEXT, failed]);
  });
});

describe('what a visitor sees of a task', () => {
  it('has its error without places, but for admins', () => {
    const report = { id: 't', error: 'no answer of http://10.0.0.5:8000' } as TaskReport;
    expect(reportFor(report, OTHER).error).toBe('no answer of [address]');
    expect(reportFor(report, ADMIN)).toBe(report);
    const fine = { id: 't' } as TaskReport;
    expect(reportFor(fine, OTHER)).toBe(fine);
  });
});
