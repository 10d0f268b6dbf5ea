import { expect, test } from 'vitest';
import { toGollamaError } from '../../src/base/errors.js';
import { parseServerUrl } from '../../src/client/server-url.js';

test.each([
  ['http://127.0.0.1:8081', 'http://127.0.0.1:8081'],
  ['http://h:1/', 'http://h:1'],
  ['https://h/prefix/', 'https://h/prefix'],
  ['h:1', 'http://h:1'],
  ['localhost', 'http://localhost'],
  [':8081', 'http://127.0.0.1:8081'],
  ['[::1]:8081', 'http://[::1]:8081'],
])('%s is the server %s', (text, url) => {
  expect(parseServerUrl(text)).toBe(url);
});

test.each(['', 'ftp://h', 'h:99999', 'http://', 'http://h?x=1', 'a b'])('"%s" is refused as a usage error', (text) => {
  let thrown: unknown;
  try {
    parseServerUrl(text);
  } catch (error) {
    thrown = error;
  }
  expect(toGollamaError(thrown)).toMatchObject({
    code: 'usage',
    exitCode: 2,
    hint: expect.stringContaining('host:port'),
  });
});
