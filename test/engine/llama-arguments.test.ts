import { describe, expect, it } from 'vitest';
import { type ArgumentRequest, baseUrlOf, composeArguments, readArguments } from '../../src/engine/llama-arguments.js';

const FREE = 40_000;

function launch(request: ArgumentRequest) {
  const facts = readArguments(request);
  const port = facts.port ?? FREE;
  return { args: composeArguments(request, facts, port).join(' '), url: baseUrlOf(request, facts, port), facts };
}

describe('the arguments of a llama-server', () => {
  it.each<[string, ArgumentRequest, string, string]>([
    ['say host and a free port', { args: [] }, '--host 127.0.0.1 --port 40000', 'http://127.0.0.1:40000'],
    ['keep a port', { args: ['--port', '81'] }, '--port 81 --host 127.0.0.1', 'http://127.0.0.1:81'],
    ['keep a port with =', { args: ['--port=81'] }, '--port=81 --host 127.0.0.1', 'http://127.0.0.1:81'],
    [
      'replace port 0',
      { args: ['--port', '0', '-c', '9'] },
      '-c 9 --host 127.0.0.1 --port 40000',
      'http://127.0.0.1:40000',
    ],
    [
      'reach an open host by loopback',
      { args: ['--host', '0.0.0.0'] },
      '--host 0.0.0.0 --port 40000',
      'http://127.0.0.1:40000',
    ],
    ['reach an IPv6 host', { args: ['--host=::1'] }, '--host=::1 --port 40000', 'http://[::1]:40000'],
    [
      'take host and port of the base URL and leave its path',
      { args: ['-c', '1'], baseUrl: 'http://127.0.0.1:8080/v1' },
      '-c 1 --host 127.0.0.1 --port 8080',
      'http://127.0.0.1:8080',
    ],
    [
      'reach a server at its base URL whatever its arguments say',
      { args: ['--port', '99'], baseUrl: 'http://localhost:8080' },
      '--port 99 --host localhost',
      'http://localhost:8080',
    ],
    [
      'name the model and the slots',
      { args: [], modelPath: 'm.gguf', slots: 2 },
      '--host 127.0.0.1 -m m.gguf -np 2 --port 40000',
      'http://127.0.0.1:40000',
    ],
    [
      'leave what the user said twice as it is',
      { args: ['--model', 'x', '--parallel=3', '--port', '1', '--port', '2'], modelPath: 'm', slots: 2 },
      '--model x --parallel=3 --port 1 --port 2 --host 127.0.0.1',
      'http://127.0.0.1:2',
    ],
    [
      'put an API prefix into the URL',
      { args: ['--api-prefix', '/llm/'] },
      '--api-prefix /llm/ --host 127.0.0.1 --port 40000',
      'http://127.0.0.1:40000/llm',
    ],
  ])('%s', (_name, request, args, url) => {
    expect(launch(request)).toMatchObject({ args, url });
  });

  it('tell the first key and the model', () => {
    const { facts } = launch({ args: ['--api-key', 'a,b', '-m', 'x.gguf'] });
    expect(facts).toMatchObject({ apiKey: 'a', modelPath: 'x.gguf' });
  });

  it.each([
    [{ args: ['--host', '/tmp/x.sock'] }, 'Unix socket'],
    [{ args: ['--port', 'http'] }, '--port http'],
    [{ args: [], baseUrl: 'localhost' }, 'no URL: localhost'],
  ])('%j are refused', (request, words) => {
    expect(() => launch(request)).toThrow(words);
  });
});
