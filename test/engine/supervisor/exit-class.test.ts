import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { classifyExit, type Exit } from '../../../src/engine/supervisor/exit-class.js';

const ENDED: Exit = { code: 1, signal: null };

/** The stderr lines of a transcript. */
function linesOf(name: string): string[] {
  const text = readFileSync(new URL(`../../fixtures/llama-server/${name}.log`, import.meta.url), 'utf8');
  return text.split('\n').flatMap((line) => /^\s*\d+ ms {2}stderr {2}(.+)$/.exec(line)?.[1] ?? []);
}

describe('what a real llama-server says at its early end', () => {
  it.each([
    ['fail-model-garbage', 'bad-model', "invalid magic characters: 'not '"],
    ['fail-model-truncated', 'bad-model', 'corrupted or incomplete'],
    ['fail-model-missing', 'model-missing', "failed to open GGUF file 'missing.gguf'"],
    ['fail-port-in-use', 'port-in-use', 'hostname: 127.0.0.1, port: 18081'],
    ['fail-bind', 'port-in-use', 'hostname: 203.0.113.7'],
    ['fail-flag-unknown', 'bad-flag', 'invalid argument: --no-such-flag'],
    ['fail-flag-value', 'bad-flag', 'error while handling argument "--port": stoi'],
    ['fail-flag-value-missing', 'bad-flag', 'expected value for argument'],
  ])('%s is %s and quotes "%s"', (name, expected, words) => {
    const report = classifyExit(ENDED, linesOf(name));
    expect(report.class).toBe(expected);
    expect(report.sentence).toContain(words);
    expect(report.hint).not.toBe('');
  });

  it('the quoted line has lost its time stamp and level', () => {
    expect(classifyExit(ENDED, linesOf('fail-model-garbage')).sentence).toContain('(gguf_init_from_reader: invalid');
  });
});

describe('other ends', () => {
  it.each<[string, Exit, string[], string]>([
    [
      'a device without memory',
      ENDED,
      ['ggml_cuda: CUDA error: out of memory', 'failed to load model'],
      'out-of-memory',
    ],
    ['a buffer that cannot be had', ENDED, ['llama: failed to allocate buffer of size 1', 'x'], 'out-of-memory'],
    ['a kill by the system', { code: null, signal: 'SIGKILL' }, ['loading'], 'out-of-memory'],
    ['a kill seen through a shell', { code: 137, signal: null }, [], 'out-of-memory'],
    ['a crash', { code: null, signal: 'SIGSEGV' }, ['loading'], 'signal'],
    ['an instruction that the processor lacks', { code: null, signal: 'SIGILL' }, [], 'signal'],
    [
      'a library that is not there',
      { code: 127, signal: null },
      ['error while loading shared libraries: x'],
      'missing-library',
    ],
    ['an end without words', { code: 3, signal: null }, [], 'exit'],
  ])('%s is told apart', (_name, exit, lines, expected) => {
    expect(classifyExit(exit, lines).class).toBe(expected);
  });

  it('an unknown end tells its code and last line', () => {
    expect(classifyExit({ code: 3, signal: null }, ['one', 'two']).sentence).toBe('it ended with exit code 3 (two)');
  });
});
