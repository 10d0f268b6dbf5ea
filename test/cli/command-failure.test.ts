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
      message: 'missing argument: id: the task',
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
    expect(toFailure(error, 'gollama x').message).toBe('missing flag: --model; missing flag: --file');
  });

  test.each([
    ['Expected ksh to be one of: bash, zsh, fish', '"ksh" is none of bash, zsh, fish'],
    ['Flag --requests expects a value', '--requests needs a value'],
    ['Flag --think expects one of these values: on, off', '--think needs one of on, off'],
    ['Expected --think=loud to be one of: on, off', '--think: "loud" is none of on, off'],
  ])('of the command line is one of usage, whatever oclif would end with: %s', (said, message) => {
    const error = Object.assign(new Error(`${said}\nSee more help with --help`), { oclif: { exit: 1 } });
    expect(toFailure(error, 'gollama x')).toMatchObject({ code: 'usage', message, exitCode: 2 });
  });

  test.each([
    ['Nonexistent flag: --bogus', 'unknown flag: --bogus'],
    ['Unexpected argument: more', 'unexpected argument: more'],
    ['Parsing --fault \n\tUnknown fault "x"', '--fault: unknown fault "x"'],
    [
      'Missing 2 required args:\nid     of a task\nlevel  low (1), or more',
      'missing argument: id: of a task; level: low (1), or more',
    ],
  ])('of the command line is told in our own words: %j', (said, message) => {
    expect(toFailure(Object.assign(new Error(said), { oclif: { exit: 2 } }), 'gollama x').message).toBe(message);
  });

  test('that is no error at all still has a message', () => {
    expect(toFailure('boom', 'gollama')).toMatchObject({ message: 'boom', exitCode: 1 });
  });
});
