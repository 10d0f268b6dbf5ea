import { describe, expect, it } from 'vitest';
import { parseScript } from '../../../bench/mock/script-file.js';

describe('a script', () => {
  it('is read from YAML, with text and with bytes', () => {
    const script = parseScript(
      'answers:\n  - steps:\n      - [0, "data: x\\n\\n"]\n      - [5.5, { base64: "w7w=" }]\n  - status: 503\n    headers: { content-type: text/plain }\n    steps: []\n    ending: cut\n',
      'it',
    );
    expect(script).toEqual([
      {
        status: 200,
        headers: { 'content-type': 'text/event-stream' },
        steps: [
          { delayMs: 0, bytes: Buffer.from('data: x\n\n') },
          { delayMs: 5.5, bytes: Buffer.from('ü') },
        ],
        ending: 'complete',
      },
      { status: 503, headers: { 'content-type': 'text/plain' }, steps: [], ending: 'cut' },
    ]);
  });

  it.each([
    ['is no YAML', 'answers: ['],
    ['has no answer', 'answers: []'],
    ['waits for less than nothing', 'answers: [{ steps: [[-1, x]] }]'],
    ['knows another ending', 'answers: [{ steps: [], ending: never }]'],
    ['has a member too many', 'answers: [{ steps: [], delay: 1 }]'],
    ['breaks out of a header', 'answers: [{ steps: [], headers: { a: "b\\r\\nc: d" } }]'],
  ])('that %s is refused', (_what, text) => {
    expect(() => parseScript(text, 'script.yaml')).toThrow(/^script\.yaml is no script: /);
  });
});
