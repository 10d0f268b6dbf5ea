import { describe, expect, test } from 'vitest';
import { nearest } from '../../src/base/nearest.js';
import { formatAddress, parseAddress } from '../../src/config/address.js';
import { expandHomeInArgument } from '../../src/config/home-path.js';
import { formatSizeBytes, parseSizeBytes } from '../../src/config/size.js';
import * as value from '../../src/config/values.js';

describe('a size', () => {
  test.each([
    ['32MiB', 33_554_432],
    ['64KB', 64_000],
    ['1.5 gib', 1_610_612_736],
    ['1024', 1024],
    ['12b', 12],
    ['0', 0],
  ])('%s is %d bytes', (text, expected) => {
    expect(parseSizeBytes(text)).toBe(expected);
  });

  test.each(['', '-1', '1K', 'MiB', '1 MiB x', '99999999999TiB'])('"%s" is refused', (text) => {
    expect(parseSizeBytes(text)).toBeUndefined();
  });

  test('is written with the largest unit that loses nothing', () => {
    expect([33_554_432, 1000, 1536, 0].map(formatSizeBytes)).toEqual(['32MiB', '1000', '1536', '0']);
  });
});

describe('an address', () => {
  test.each([
    [':8081', { host: undefined, port: 8081 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['box.local:1', { host: 'box.local', port: 1 }],
  ])('%s has host and port, and is written the same', (text, expected) => {
    const address = parseAddress(text);
    expect(address).toEqual(expected);
    expect(address && formatAddress(address)).toBe(text);
  });

  test.each(['8081', 'host', '::1:80', 'host:99999', 'http://h:1', 'a b:1', ''])('"%s" is refused', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});

describe('a regular expression', () => {
  test.each(['listening|ready', '^main: \\d+$', '[a-z]+'])('%s is taken', (text) => {
    expect(value.pattern.read(text)).toEqual({ value: text });
  });

  test.each(['(?i)ready', '(?P<name>x)', '(', '\\Aready', 'ready\\z', '[[:alpha:]]+', '\\Qa.b\\E'])(
    '%s is refused, because JavaScript cannot read it or reads it otherwise than RE2',
    (text) => {
      expect(value.pattern.read(text)).toHaveProperty('wrong', expect.stringContaining('RE2'));
    },
  );

  test('an escaped backslash before a letter is no RE2 escape', () => {
    expect(value.pattern.read('C:\\\\Apps')).toHaveProperty('value');
  });
});

test("a log level is also taken in the words of Go's loggers", () => {
  expect(['INFO', 'warning', 'fatal', 'off'].map((text) => value.logLevel.read(text))).toEqual([
    { value: 'info' },
    { value: 'warn' },
    { value: 'error' },
    { value: 'silent' },
  ]);
  expect(value.logLevel.read('loud')).toHaveProperty('wrong');
});

test('a flag is taken in the words of YAML 1.1 too', () => {
  expect(['yes', 'Off', '1', 'maybe'].map((text) => value.flag.read(text))).toEqual([
    { value: true },
    { value: false },
    { value: true },
    { wrong: 'expected true or false' },
  ]);
});

test('the home folder is put in place of ~ only at the start of a path', () => {
  const arguments_ = ['~/a.gguf', '~', '--model=~/a', 'x~/y', '~bob/x', '--grep=a~/b'];
  expect(arguments_.map((argument) => expandHomeInArgument(argument, '/home/me'))).toEqual([
    '/home/me/a.gguf',
    '/home/me',
    '--model=/home/me/a',
    'x~/y',
    '~bob/x',
    '--grep=a~/b',
  ]);
});

test('the nearest known word is found for a typing error, and none for another word', () => {
  const known = ['server', 'queue', 'engines', 'max_waiting'];
  expect(['sever', 'qeue', 'egnines', 'max_wating'].map((word) => nearest(word, known))).toEqual(known);
  expect(nearest('colour', known)).toBeUndefined();
});
