import { describe, expect, it } from 'vitest';
import { withoutPlaces } from '../../src/base/places.js';

describe('a text without places', () => {
  it.each([
    [
      'gpu is unreachable: http://10.0.0.5:8000: no answer (ECONNREFUSED)',
      'gpu is unreachable: [address]: no answer (ECONNREFUSED)',
    ],
    ['see https://user:pass@gpu-box.example.com/v1/models?key=1.', 'see [address].'],
    ['(http://[fe80::1]:8080/health)', '([address])'],
    ['connect ECONNREFUSED 127.0.0.1:8080', 'connect ECONNREFUSED [address]'],
    ['connect ECONNREFUSED ::1:8080', 'connect ECONNREFUSED [address]'],
    ['listen on [::]:8080 failed', 'listen on [address] failed'],
    ['from fe80::1%eth0 and 2001:db8:0:0:0:0:0:1', 'from [address] and [address]'],
    ['getaddrinfo ENOTFOUND gpu-box', 'getaddrinfo ENOTFOUND [address]'],
    ['chat execution failed: gpu-box:8000: boom', 'chat execution failed: [address]: boom'],
    ['localhost:81 and api.example.com:443, node1.lan', '[address] and [address], [address]'],
    ['Host: gpu.internal. is not in the list', 'Host: [address]. is not in the list'],
    ['the model file /srv/models/a.gguf does not exist', 'the model file [path] does not exist'],
    [
      "ENOENT: no such file or directory, open '/disk/Max Muster/m.gguf'",
      "ENOENT: no such file or directory, open '[path]'",
    ],
    ['the model file /disk/Max Muster/models/a.gguf cannot be read', 'the model file [path] cannot be read'],
    ['looked at ~/bin, ./llama.cpp/build, ../x/y and /opt/llama', 'looked at [path], [path], [path] and [path]'],
    ['model=/data/m.gguf:12', 'model=[path]:12'],
    ['/m.gguf: not found', '[path]: not found'],
    ['open C:\\Users\\me\\m.gguf, \\\\nas\\share\\m.gguf', 'open [path], [path]'],
    ['open "C:\\Program Files\\m.gguf"', 'open "[path]"'],
    ['file:///etc/passwd', '[address]'],
  ])('of %j is %j', (text, expected) => {
    expect(withoutPlaces(text)).toBe(expected);
  });

  it.each([
    'chat execution failed: ollama: request failed with status 500: boom',
    'the model "Qwen/Qwen2.5-7B-GGUF" and llama3.2:3b, qwen2.5-coder:32b-q4_K_M',
    'the engine answered 404 to GET /slots; /health answers 503',
    'POST /v1/chat/completions and "/api/version" are not known',
    'expected 2048 tokens, got 12:30:45 and 1/2 of 3.5 tokens/s',
    '[12:30:45] std::bad_alloc at line 12, [1]',
    'context of 4,096 tokens: and/or',
    'the engine closed the connection before its answer was complete (UND_ERR_SOCKET)',
    'Fehler: “zu groß”, 模型不存在。',
    '',
  ])('is the same where there are none: %j', (text) => {
    expect(withoutPlaces(text)).toBe(text);
  });

  it.each(['/', '/a ', 'a.', 'a:', '::', '1.', '"/', "'/a", 'http://', '\\\\', ' a/', '['])(
    'is made in time of a long one of %j',
    (piece) => {
      const text = piece.repeat(65_536 / piece.length);
      const beganAt = process.cpuUsage();
      withoutPlaces(text);
      const { user } = process.cpuUsage(beganAt);
      // Quadratic would be minutes.
      expect(user).toBeLessThan(1e6);
    },
  );
});
