import { describe, expect, test } from 'vitest';
import { ERROR_CODES, type ErrorCode, GollamaError } from '../../src/base/errors.js';
import { toFailure } from '../../src/cli/command-failure.js';

describe('a failure', () => {
  test.each(Object.keys(ERROR_CODES))('with the code %s has the exit code of the table', (code) => {
    const known = code as ErrorCode;
    expect(toFailure(new GollamaError(known, 'no', { hint: 'do' }), 'gollama x')).toEqual({
      code,
      message: 'no',
      hint: 'do',
      exitCode: ERROR_CODES[known].exitCode,
    });
  });

  test('without a hint points to the help of its command', () => {
    expect(toFailure(new Error('boom'), 'gollama list')).toEqual({
      code: 'internal',
      message: 'boom',
      hint: 'see: gollama list --help',
      exitCode: 1,
    });
  });

  test('of the command line is told in one line', () => {
    const error = Object.assign(new Error('Missing 1 required arg:\nid  the task\nSee more help with --help'), {
      oclif: { exit: 2 },
    });
    expect(toFailure(error, 'gollama cancel')).toEqual({
      code: 'usage',
      message: 'Missing 1 required arg: id  the task',
      hint: 'see: gollama cancel --help',
      exitCode: 2,
    });
  });

  test('of a flag names the flag first', () => {
    const error = Object.assign(new Error('Parsing --port \n\tExpected an integer but received: x'), {
      oclif: { exit: 2 },
    });
    expect(toFailure(error, 'gollama serve').message).toBe('--port: expected an integer but received: x');
  });

  test('of several flags is told in one line too', () => {
    const error = Object.assign(
      new Error('The following errors occurred:\n  Missing required flag model\n  Missing required flag file'),
      {
        oclif: { exit: 2 },
      },
    );
    expect(toFailure(error, 'gollama x').message).toBe('Missing required flag model Missing required flag file');
  });

  test('that is no error at all still has a message', () => {
    expect(toFailure('boom', 'gollama')).toMatchObject({ message: 'boom', exitCode: 1 });
  });
});
