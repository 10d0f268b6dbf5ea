import { describe, expect, it } from 'vitest';
import { simulateArguments } from '../../../src/engine/simulated/arguments.js';

const known = {
  values: new Set(['--model', '--port', '--slots', '--ctx-size', '--alias', '--fault']),
  repeatable: new Set(['--fault']),
  switches: new Set(['--json']),
};
const translate = (line: string) => simulateArguments(line === '' ? [] : line.split(' '), known);

describe('the command line of a llama-server', () => {
  it.each([
    ['', '', []],
    ['-m a.gguf -np 4 -c 4096 -a name', '--model a.gguf --slots 4 --ctx-size 4096 --alias name', []],
    ['--port=0 --model a=b', '--port 0 --model a=b', []],
    ['-ngl 99 --port 1 --jinja -fa on', '--port 1', ['-ngl 99', '--jinja', '-fa on']],
    ['--temp -1 --seedling=3 --port 1', '--port 1', ['--temp -1', '--seedling=3']],
    ['--slots 4', '--slots 4', []],
    ['--slots x', '--slots x', []],
    ['--slots --port 1', '--port 1', ['--slots']],
    ['--json --port 1 extra', '--json --port 1 extra', []],
    ['--fault cut --fault stall=0.5', '--fault cut --fault stall=0.5', []],
    ['--port 1 -np 2 --port 3 --parallel 4', '--port 3 --slots 4', []],
    ['--port', '--port', []],
  ])('%s', (line, argv, ignored) => {
    expect(translate(line)).toEqual({ argv: argv === '' ? [] : argv.split(' '), ignored });
  });
});
